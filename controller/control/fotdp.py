"""First-order models with dead time (FOTDP), what is reduced to one, and the controller tuned for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# A closed loop at twice the dead time has a gain margin above 4: half as much gain again leaves it at the
# margins that SIMC chooses for its nominal case, with an overshoot under 5 %.
_LAMBDA_PER_DEAD_TIME: Final = 2.0
# On a pure integrator, a PI controller overshoots by about (lambda + L) / Ti.
_LONGEST_INTEGRAL: Final = 25.0
# How much of a second lag delays: one that is small beside the first, and one that is as long. Half of
# either, as in SIMC, lets two lags without dead time overshoot by up to 8 % at this lambda; so, by 2 %.
_SHARE_OF_SMALL: Final = 0.85
_SHARE_OF_EQUAL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Fotdp:
    """K in measurement units per output unit, T and L in seconds."""

    gain: float
    time_constant_s: float
    dead_time_s: float


@dataclass(frozen=True, slots=True)
class TwoLags:
    """K / ((T1 s + 1) (T2 s + 1)) with dead time L: a heated zone and its sensor, in any order."""

    gain: float
    lag_s: float
    second_lag_s: float
    dead_time_s: float

    def reduced(self) -> Fotdp:
        """Return the first-order model to tune for: the smaller lag delays in part, the rest adds to T.

        Source: the half rule of Skogestad, J. Process Control 13 (2003) 291-309, section 2, with our shares.
        """
        large_s, small_s = max(self.lag_s, self.second_lag_s), min(self.lag_s, self.second_lag_s)
        delay_s = (_SHARE_OF_SMALL + (_SHARE_OF_EQUAL - _SHARE_OF_SMALL) * small_s / large_s) * small_s
        return Fotdp(self.gain, large_s + small_s - delay_s, self.dead_time_s + delay_s)


def lambda_tuning(model: Fotdp, dt_s: float) -> tuple[float, float]:
    """Return the gain and integral time of the PI controller for a loop that runs every `dt_s`.

    Lambda tuning: K_c = T / (K (lambda + L)), T_i = T; lambda is twice the dead time. A held output delays by
    half a tick more. Source: Astrom & Hagglund, Advanced PID Control (ISA, 2006), section 6.5; the limit of
    T_i for near integrators after Skogestad, J. Process Control 13 (2003) 291-309, section 3.
    """
    delay_s = max(model.dead_time_s, dt_s) + 0.5 * dt_s
    closed_s = (1.0 + _LAMBDA_PER_DEAD_TIME) * delay_s
    integral_s = min(model.time_constant_s, _LONGEST_INTEGRAL * closed_s)
    return model.time_constant_s / (model.gain * closed_s), integral_s
