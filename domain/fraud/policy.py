"""The policy: the thresholds that the checks compare with, made from the settings."""

from dataclasses import dataclass

from domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of the checks; never shown to a client."""

    max_score_per_action: int
    max_actions_per_minute: int
    suspicious_score_threshold: int
    action_max_age_seconds: int
    action_max_future_seconds: int


def policy_from(settings: Settings) -> Policy:
    """Return the thresholds of these settings."""
    return Policy(
        max_score_per_action=settings.max_score_per_action,
        max_actions_per_minute=settings.max_actions_per_minute,
        suspicious_score_threshold=settings.suspicious_score_threshold,
        action_max_age_seconds=settings.action_max_age_seconds,
        action_max_future_seconds=settings.action_max_future_seconds,
    )
