"""Messages of the contract -> values."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from ostwald import values as v
from ostwald.v1 import (
    alarms_pb2,
    campaign_pb2,
    common_pb2,
    events_pb2,
    leases_pb2,
    loops_pb2,
    model_pb2,
    reactor_pb2,
    reagents_pb2,
    run_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.duration_pb2 import Duration


def word(name: str, prefix: str) -> str:
    """Turn an enum's name into a word: REACTOR_STATE_READY -> ready."""
    return name.removeprefix(prefix).lower()


def reading(message: reactor_pb2.Reading) -> v.Reading:
    quality = word(common_pb2.Quality.Name(message.quality), "QUALITY_")
    asked = message.setpoint if message.HasField("setpoint") else None
    return v.Reading(message.channel, message.value, message.unit, quality, asked)


def reactor(message: reactor_pb2.GetReactorResponse) -> v.Reactor:
    return v.Reactor(
        name=message.name,
        state=word(reactor_pb2.ReactorState.Name(message.state), "REACTOR_STATE_"),
        reason=message.reason,
        time_s=message.now.seconds,
        boot_id=message.now.boot_id,
        rate_hz=message.rate_hz,
        ticks=message.ticks,
        overruns=message.overruns,
        clock=message.clock,
        twin=message.twin,
        active_run_id=message.active_run_id,
        version=message.version,
        channels=tuple(_channel(each) for each in message.channels),
        interlocks=tuple(
            v.Interlock(each.name, each.channel, each.rule, each.tripped, each.first_out)
            for each in message.interlocks
        ),
        links={each.name: each.state for each in message.links},
        warnings=tuple(message.warnings),
    )


def _channel(message: reactor_pb2.Channel) -> v.Channel:
    return v.Channel(
        name=message.name,
        kind=word(reactor_pb2.ChannelKind.Name(message.kind), "CHANNEL_KIND_"),
        unit=message.unit,
        low=message.low,
        high=message.high,
        safe_value=message.safe_value if message.HasField("safe_value") else None,
        driven_by=message.driven_by,
        writable=message.writable,
    )


def sample(
    message: reactor_pb2.StreamTelemetryResponse, columns: Sequence[str], units: dict[str, str]
) -> v.Sample:
    """Read one telemetry message under the columns that an earlier one named."""
    rows = zip(columns, message.values, message.qualities, message.setpoints, strict=True)
    return v.Sample(
        time_s=message.time.seconds,
        boot_id=message.time.boot_id,
        sequence=message.sequence,
        lost=message.lost,
        state=word(reactor_pb2.ReactorState.Name(message.state), "REACTOR_STATE_"),
        readings=tuple(
            v.Reading(
                name,
                value,
                units.get(name, ""),
                word(common_pb2.Quality.Name(quality), "QUALITY_"),
                None if asked != asked else asked,  # noqa: PLR0124 - NaN: nothing is asked
            )
            for name, value, quality, asked in rows
        ),
    )


def spectrum(message: common_pb2.Spectrum) -> v.Spectrum:
    return v.Spectrum(
        spectrum_id=message.spectrum_id,
        time_s=message.acquired.seconds,
        wavelengths_nm=tuple(message.wavelengths_nm),
        counts=tuple(message.counts),
        absorbance=tuple(message.absorbance),
        features=dict(message.features),
        warnings=tuple(message.warnings),
        emission=tuple(message.emission),
    )


def prediction(message: common_pb2.Prediction) -> v.Prediction:
    return v.Prediction(message.mean, message.std, message.unit)


def run(message: run_pb2.Run) -> v.Run:
    return v.Run(
        run_id=message.run_id,
        recipe=message.recipe,
        state=word(run_pb2.RunState.Name(message.state), "RUN_STATE_"),
        step=message.step,
        steps=message.steps,
        detail=message.detail,
        parameters=dict(message.parameters),
        achieved=dict(message.achieved),
        properties=dict(message.properties),
        spectrum_id=message.spectrum_id,
        campaign_id=message.campaign_id,
        actor=message.actor,
        leased=message.leased,
        started_s=message.started.seconds,
        ended_s=message.ended.seconds if message.HasField("ended") else None,
        emission_id=message.emission_id,
    )


def trial(
    message: campaign_pb2.Trial, seen: v.Spectrum | None = None, emission: v.Spectrum | None = None
) -> v.Trial:
    return v.Trial(
        number=message.number,
        state=word(campaign_pb2.TrialState.Name(message.state), "TRIAL_STATE_"),
        source=message.source,
        asked=dict(message.asked),
        achieved=dict(message.achieved),
        properties=dict(message.properties),
        predicted={name: prediction(each) for name, each in message.predicted.items()},
        novelty=message.novelty if message.HasField("novelty") else None,
        score=message.score if message.HasField("score") else None,
        run_id=message.run_id,
        spectrum_id=message.spectrum_id,
        detail=message.detail,
        spectrum=seen,
        emission_id=message.emission_id,
        emission=emission,
    )


def campaign(message: campaign_pb2.Campaign) -> v.Campaign:
    return v.Campaign(
        campaign_id=message.campaign_id,
        name=message.name,
        state=word(campaign_pb2.CampaignState.Name(message.state), "CAMPAIGN_STATE_"),
        reason=message.reason,
        reached=message.reached,
        strategy=message.strategy,
        surrogate=message.surrogate,
        seed=message.seed,
        trials_complete=message.trials_complete,
        trials_budget=message.trials_budget,
        best_trial=message.best_trial,
        conditions=tuple(
            v.Condition(each.name, each.unit, each.low, each.high) for each in message.conditions
        ),
        objectives=tuple(
            v.Objective(
                each.property,
                word(campaign_pb2.ObjectiveKind.Name(each.kind), "OBJECTIVE_KIND_"),
                each.unit,
                each.target,
                each.tolerance,
            )
            for each in message.objectives
        ),
        property_units={each.name: each.unit for each in message.properties},
    )


def model(message: model_pb2.Model) -> v.Model:
    return v.Model(
        name=message.name,
        digest=message.digest,
        serial=message.serial,
        stage=word(model_pb2.ModelStage.Name(message.stage), "MODEL_STAGE_"),
        algorithm=message.algorithm,
        inputs=tuple(each.name for each in message.inputs),
        outputs=tuple(each.name for each in message.outputs),
        metrics=dict(message.metrics),
        signed_by=message.signed_by,
        damage=message.damage,
    )


def seconds(message: Duration) -> float:
    return message.seconds + message.nanos * 1e-9


def alarm(message: alarms_pb2.Alarm) -> v.Alarm:
    return v.Alarm(
        name=message.name,
        state=word(alarms_pb2.AlarmState.Name(message.state), "ALARM_STATE_"),
        priority=word(alarms_pb2.AlarmPriority.Name(message.priority), "ALARM_PRIORITY_"),
        active=message.active,
        since_s=message.since.seconds,
        value=message.value if message.HasField("value") else None,
        unit=message.unit,
        shelved_left_s=seconds(message.shelved_left) if message.HasField("shelved_left") else None,
        by=message.by,
        condition=message.condition,
        response=message.response,
        trip=message.trip,
    )


def event(message: events_pb2.Event) -> v.Event:
    return v.Event(
        event_id=message.event_id,
        sequence=message.sequence,
        boot_id=message.time.boot_id,
        time_s=message.time.seconds,
        logged=message.logged.ToDatetime(UTC),
        kind=word(events_pb2.EventKind.Name(message.kind), "EVENT_KIND_"),
        subject=message.subject,
        text=message.text,
        actor=message.actor,
    )


def watched_event(message: events_pb2.WatchEventsResponse) -> v.WatchedEvent:
    return v.WatchedEvent(event(message.event) if message.HasField("event") else None, message.lost)


def lease(message: leases_pb2.GetLeaseResponse) -> v.Lease:
    held = message.lease
    return v.Lease(held.holder, seconds(held.left), held.lost, seconds(message.longest))


def loop(message: loops_pb2.Loop) -> v.Loop:
    phase = word(loops_pb2.AutotunePhase.Name(message.autotune), "AUTOTUNE_PHASE_")
    return v.Loop(
        name=message.name,
        sensor=message.sensor,
        actuator=message.actuator,
        mode=word(loops_pb2.LoopMode.Name(message.mode), "LOOP_MODE_"),
        target=message.target if message.HasField("target") else None,
        setpoint=message.setpoint if message.HasField("setpoint") else None,
        output=message.output if message.HasField("output") else None,
        output_unit=message.output_unit,
        tuning=_tuning(message.tuning),
        scheduled=message.scheduled,
        autotune="none" if phase == "unspecified" else phase,
        problem=message.problem,
        proposal=_tuning(message.proposal) if message.HasField("proposal") else None,
        proposal_summary=message.proposal_summary,
    )


def _tuning(message: loops_pb2.Tuning) -> v.Tuning:
    return v.Tuning(message.gain, message.integral_s, message.derivative_s)


def reagent(message: reagents_pb2.Reagent) -> v.Reagent:
    return v.Reagent(
        name=message.name,
        pump=message.pump,
        stock=message.stock,
        left_ul=message.left_ul if message.HasField("left_ul") else None,
        full_ul=message.full_ul if message.HasField("full_ul") else None,
    )
