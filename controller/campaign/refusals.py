"""What is answered to who asks a campaign for what it can't do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.domain.errors import ControllerError, Kind

if TYPE_CHECKING:
    from controller.storage.campaigns import CampaignRow

_REMEDY = "see 'ostwald campaign list'"


def wrong_state(row: CampaignRow, reason: str, why: str) -> ControllerError:
    """Return the error of a deed that a campaign's state does not allow."""
    message = f"campaign {row.campaign_id} is {row.state.name.lower()}: {why}"
    return ControllerError(message, reason=reason, kind=Kind.REFUSED, remedy=_REMEDY)


def unknown(campaign_id: str) -> ControllerError:
    """Return the error of a campaign that is not there."""
    message = f"there is no campaign {campaign_id}"
    return ControllerError(message, reason="CAMPAIGN_UNKNOWN", kind=Kind.NOT_FOUND, remedy=_REMEDY)
