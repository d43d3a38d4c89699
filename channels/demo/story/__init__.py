"""The story: a gift retailer's fortnight at two shops, played by the hands of shoppers, clerks and carriers.

It acts only through the parties' own side, the API and the console's forms; it imports no action and no model.
What it checks at the end, it asks the parties' own books and the database's own tables.
"""

from channels.demo.story.stage import Stage
from channels.demo.story.telling import play

__all__ = ["Stage", "play"]
