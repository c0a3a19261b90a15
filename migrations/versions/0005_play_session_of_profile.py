"""What is counted of the play session that a player is in, beside the profile."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("player_profiles", sa.Column("play_session", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("player_profiles", "play_session")
