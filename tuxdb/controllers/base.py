"""BaseController: the calls that every noun has, each in a transaction of its own.

Every method takes part in the caller's transaction if it is given `session=`, or is
called inside `db.transaction()`; it then neither opens nor commits one.
"""

from tuxdb.controllers.joining import ModelT
from tuxdb.controllers.many_rows import ManyRows
from tuxdb.controllers.one_row import OneRow


class BaseController(OneRow[ModelT], ManyRows[ModelT]):
    """Use cases of one model.

    `class UserController(BaseController[User])`, then `UserController(db)`; or, as
    the model may be given, `BaseController(User, db)`.
    """
