"""Scripts of a project import each other as a user's run of them does: from their own folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / 'projects' / 'evidence'))
