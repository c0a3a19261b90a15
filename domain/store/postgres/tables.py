"""The tables, as SQLAlchemy Core metadata; `migrations/` creates them and a test compares both.

`user_scores`, `user_actions` and the view `user_stats` keep the specification's columns and types.
Status and stage names live with their subjects' models.
"""

from domain.store.postgres.schema.accounts import api_keys as api_keys
from domain.store.postgres.schema.accounts import granted_roles as granted_roles
from domain.store.postgres.schema.accounts import realtime_tickets as realtime_tickets
from domain.store.postgres.schema.accounts import revocations as revocations
from domain.store.postgres.schema.accounts import sessions as sessions
from domain.store.postgres.schema.actions import action_batches as action_batches
from domain.store.postgres.schema.actions import action_ids as action_ids
from domain.store.postgres.schema.actions import action_no_seq as action_no_seq
from domain.store.postgres.schema.actions import heartbeats as heartbeats
from domain.store.postgres.schema.actions import user_actions as user_actions
from domain.store.postgres.schema.archives import archived_partitions as archived_partitions
from domain.store.postgres.schema.archives import archived_totals as archived_totals
from domain.store.postgres.schema.audit import audit_checkpoints as audit_checkpoints
from domain.store.postgres.schema.audit import audit_head as audit_head
from domain.store.postgres.schema.audit import audit_log as audit_log
from domain.store.postgres.schema.base import metadata as metadata
from domain.store.postgres.schema.boards import board_catalog as board_catalog
from domain.store.postgres.schema.boards import board_members as board_members
from domain.store.postgres.schema.boards import board_versions as board_versions
from domain.store.postgres.schema.boards import boards as boards
from domain.store.postgres.schema.fraud import client_sightings as client_sightings
from domain.store.postgres.schema.fraud import clients as clients
from domain.store.postgres.schema.fraud import fraud_baselines as fraud_baselines
from domain.store.postgres.schema.fraud import fraud_head as fraud_head
from domain.store.postgres.schema.fraud import fraud_models as fraud_models
from domain.store.postgres.schema.fraud import fraud_policies as fraud_policies
from domain.store.postgres.schema.fraud import play_sessions as play_sessions
from domain.store.postgres.schema.fraud import player_profiles as player_profiles
from domain.store.postgres.schema.fraud import second_factors as second_factors
from domain.store.postgres.schema.fraud import signing_keys as signing_keys
from domain.store.postgres.schema.moderation import appeals as appeals
from domain.store.postgres.schema.moderation import bans as bans
from domain.store.postgres.schema.moderation import moderation_acts as moderation_acts
from domain.store.postgres.schema.moderation import moderation_cases as moderation_cases
from domain.store.postgres.schema.players import user_scores as user_scores
from domain.store.postgres.schema.players import users as users
from domain.store.postgres.schema.rankings import IS_UNSEALED as IS_UNSEALED
from domain.store.postgres.schema.rankings import ranking_buckets as ranking_buckets
from domain.store.postgres.schema.rankings import ranking_row_revisions as ranking_row_revisions
from domain.store.postgres.schema.rankings import ranking_rows as ranking_rows
from domain.store.postgres.schema.rankings import ranking_seals as ranking_seals
from domain.store.postgres.schema.rankings import ranking_version_seq as ranking_version_seq
from domain.store.postgres.schema.rankings import rankings as rankings
from domain.store.postgres.schema.rankings import rewards as rewards
