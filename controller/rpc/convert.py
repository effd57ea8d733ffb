"""Domain values as messages of the contract. Pure; protobuf stops here."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING

from ostwald.v1 import campaign_pb2, common_pb2, devices_pb2, model_pb2, reactor_pb2, run_pb2

from controller.control.interlocks import describe
from controller.domain import conditions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ostwald.manifest import Input, Output

    from controller.domain.campaign import Campaign, Trial
    from controller.domain.plan import ChannelPlan, RigPlan
    from controller.domain.readings import LinkHealth, Snapshot, Spectrum
    from controller.domain.run import Run, RunEvent
    from controller.domain.surrogates import Estimate
    from controller.rpc.services import ModelInfo


def moment(boot_id: int, time_s: float) -> common_pb2.ReactorTime:
    return common_pb2.ReactorTime(seconds=time_s, boot_id=boot_id)


def moment_of(now: Snapshot) -> common_pb2.ReactorTime:
    return moment(now.boot_id, now.time_s)


def channel(plan: RigPlan, each: ChannelPlan) -> reactor_pb2.Channel:
    loop = plan.loop_on(each.name)
    kinds = reactor_pb2.ChannelKind
    return reactor_pb2.Channel(
        name=each.name,
        kind=kinds.CHANNEL_KIND_ACTUATOR if each.is_actuator else kinds.CHANNEL_KIND_SENSOR,
        unit=each.unit,
        low=each.low,
        high=each.high,
        safe_value=each.safe_value,
        driven_by=loop.actuator if loop else "",
        writable=plan.takes_setpoints(each),
    )


def interlocks(plan: RigPlan, now: Snapshot) -> list[reactor_pb2.Interlock]:
    return [
        reactor_pb2.Interlock(
            name=rule.name,
            channel=_watched(rule.condition, plan),
            rule=describe(rule, plan),
            tripped=bool(now.trips >> index & 1),
            first_out=now.first_out == index,
        )
        for index, rule in enumerate(plan.interlocks)
    ]


def _watched(condition: conditions.Condition, plan: RigPlan) -> str:
    """Return the one channel that a condition watches; empty where it watches none, or several."""
    match condition:
        case (
            conditions.Limits(channel=channel)
            | conditions.RateOfChange(channel=channel)
            | conditions.Stale(channel=channel)
            | conditions.Stuck(channel=channel)
            | conditions.DigitalInput(channel=channel)
        ):
            return channel
        case conditions.Deviation(loop=name):
            return next(loop.sensor for loop in plan.loops if loop.name == name)
    return ""


def link(health: LinkHealth) -> devices_pb2.LinkStatistics:
    return devices_pb2.LinkStatistics(
        name=health.name,
        state=health.state,
        frames_sent=health.frames_sent,
        frames_received=health.frames_received,
        frames_damaged=health.frames_damaged,
        retries=health.retries,
        problem=health.problem,
    )


def reading(each: ChannelPlan, now: Snapshot, index: int) -> reactor_pb2.Reading:
    setpoint = now.setpoints[index]
    return reactor_pb2.Reading(
        channel=each.name,
        value=now.values[index],
        unit=each.unit,
        quality=common_pb2.Quality.ValueType(now.qualities[index]),
        setpoint=None if isnan(setpoint) else setpoint,
    )


def telemetry(
    now: Snapshot, indices: Sequence[int], names: Sequence[str], lost: int
) -> reactor_pb2.StreamTelemetryResponse:
    return reactor_pb2.StreamTelemetryResponse(
        time=moment(now.boot_id, now.time_s),
        sequence=now.tick,
        lost=lost,
        state=reactor_pb2.ReactorState.ValueType(now.state),
        channels=names,
        values=[now.values[index] for index in indices],
        qualities=[common_pb2.Quality.ValueType(now.qualities[index]) for index in indices],
        setpoints=[now.setpoints[index] for index in indices],
    )


def spectrum(each: Spectrum) -> common_pb2.Spectrum:
    """Features without a peak are left out."""
    return common_pb2.Spectrum(
        spectrum_id=each.spectrum_id,
        acquired=moment(each.boot_id, each.time_s),
        wavelengths_nm=each.wavelengths_nm,
        counts=each.counts,
        absorbance=each.absorbance,
        integration_s=each.integration_s,
        scans=each.scans,
        features={name: value for name, value in each.properties().items() if isfinite(value)},
        warnings=each.warnings,
        emission=each.emission,
    )


def run(each: Run) -> run_pb2.Run:
    return run_pb2.Run(
        run_id=each.run_id,
        recipe=each.recipe,
        state=run_pb2.RunState.ValueType(each.state),
        step=each.step,
        steps=each.steps,
        detail=each.detail,
        started=moment(each.boot_id, each.started_s),
        ended=None if each.ended_s is None else moment(each.boot_id, each.ended_s),
        parameters=each.parameters,
        achieved=each.achieved,
        properties=each.properties,
        spectrum_id=each.spectrum_id,
        campaign_id=each.campaign_id,
        actor=each.actor,
        leased=each.leased,
        emission_id=each.emission_id,
    )


def run_event(each: RunEvent, boot_id: int) -> run_pb2.RunEvent:
    return run_pb2.RunEvent(
        sequence=each.sequence,
        time=moment(boot_id, each.time_s),
        state=run_pb2.RunState.ValueType(each.state),
        step=each.step,
        message=each.message,
    )


def predictions(properties: Mapping[str, Estimate]) -> dict[str, common_pb2.Prediction]:
    return {
        name: common_pb2.Prediction(mean=each.mean, std=each.std, unit=each.unit)
        for name, each in properties.items()
    }


def trial(each: Trial, boot_id: int) -> campaign_pb2.Trial:
    """`boot_id` is of the control process that the trial ran on."""
    return campaign_pb2.Trial(
        number=each.number,
        state=campaign_pb2.TrialState.ValueType(each.state),
        source=each.source,
        asked=each.asked,
        achieved=each.achieved,
        properties=each.properties,
        predicted=predictions(each.predicted),
        novelty=each.novelty,
        score=each.score,
        run_id=each.run_id,
        spectrum_id=each.spectrum_id,
        detail=each.detail,
        started=moment(boot_id, each.started_s),
        ended=None if each.ended_s is None else moment(boot_id, each.ended_s),
        emission_id=each.emission_id,
    )


def campaign(each: Campaign) -> campaign_pb2.Campaign:
    spec = each.spec
    return campaign_pb2.Campaign(
        campaign_id=each.campaign_id,
        name=spec.name,
        state=campaign_pb2.CampaignState.ValueType(each.state),
        reason=each.reason,
        reached=each.reached,
        conditions=[
            campaign_pb2.Condition(name=item.name, unit=item.unit, low=item.low, high=item.high)
            for item in spec.space.conditions
        ],
        objectives=[
            campaign_pb2.Objective(
                property=item.property_name,
                kind=campaign_pb2.ObjectiveKind.ValueType(item.kind),
                unit=item.unit,
                target=item.target,
                tolerance=item.tolerance,
            )
            for item in spec.objectives
        ],
        strategy=spec.strategy.name,
        surrogate=spec.surrogate,
        trials_complete=each.trials_complete,
        trials_budget=spec.trials_budget,
        best_trial=each.best_trial,
        seed=spec.seed,
        properties=[campaign_pb2.Property(name=name, unit=unit) for name, unit in each.units.items()],
    )


def model(info: ModelInfo) -> model_pb2.Model:
    record, manifest = info.record, info.manifest
    message = model_pb2.Model(
        name=record.name,
        digest=record.digest,
        serial=record.serial,
        stage=model_pb2.ModelStage.ValueType(record.stage),
        signed_by=record.signed_by,
        damage=info.damage,
    )
    if manifest is not None:
        message.algorithm = manifest.algorithm
        message.inputs.extend(_variable(item, item.choices) for item in manifest.inputs)
        message.outputs.extend(_variable(item, ()) for item in manifest.outputs)
        message.metrics.update(manifest.metrics)
        message.created.FromDatetime(manifest.created)
    return message


def _variable(item: Input | Output, choices: Sequence[str]) -> model_pb2.Variable:
    return model_pb2.Variable(name=item.name, unit=item.unit, low=item.low, high=item.high, choices=choices)
