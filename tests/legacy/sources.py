"""The databases that a legacy table can be in, each with the table written by SQLAlchemy."""

import abc
import hashlib
import itertools
import pathlib
import urllib.parse

import sqlalchemy
from sqlalchemy.dialects import mysql

import postgresql_server
from harness import sql_servers

_numbers = itertools.count(1)
INSERT_ROWS = 1000


def legacy_table(name="rag_context", **columns) -> sqlalchemy.Table:
    """The table as the platform's model made it; `columns` rename them."""
    def called(column):
        return columns.get(column, column)
    # MySQL's TEXT ends at 64 KiB.
    text = sqlalchemy.Text().with_variant(mysql.LONGTEXT(), "mysql")
    return sqlalchemy.Table(
        name, sqlalchemy.MetaData(),
        sqlalchemy.Column(called("id"), sqlalchemy.Integer, primary_key=True, autoincrement=True,
                          key="id"),
        sqlalchemy.Column(called("teacherId"), sqlalchemy.String(255), key="teacherId"),
        sqlalchemy.Column(called("context_data"), text, key="context_data"),
        sqlalchemy.Column(called("source"), sqlalchemy.String(1024), key="source"),
        sqlalchemy.Column(called("timestamp"),
                          sqlalchemy.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"),
                          key="timestamp"),
        mysql_charset="utf8mb4")


class Source(abc.ABC):
    """One fresh database."""

    password = None

    def __init__(self):
        self.engine = sqlalchemy.create_engine(self.sqlalchemy_url())

    @abc.abstractmethod
    def sqlalchemy_url(self) -> str:
        """With password and driver."""

    @abc.abstractmethod
    def url(self) -> str:
        """What --from takes, without password."""

    def environment(self) -> dict:
        return {"SATCHEL_IMPORT_PASSWORD": self.password} if self.password else {}

    def write(self, rows: list, table=None) -> None:
        """Creates the table unless it is there, and inserts the rows, dicts by legacy names."""
        table = legacy_table() if table is None else table
        table.metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            for first in range(0, len(rows), INSERT_ROWS):
                connection.execute(sqlalchemy.insert(table), rows[first:first + INSERT_ROWS])

    def execute(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def fingerprint(self) -> str:
        """Changes when anything in the table does."""
        rows = sqlalchemy.select(legacy_table()).order_by("id")
        with self.engine.connect() as connection:
            return hashlib.sha256(repr(connection.execute(rows).fetchall()).encode()).hexdigest()

    def close(self) -> None:
        self.engine.dispose()


class PostgresqlSource(Source):
    kind = "postgresql"
    password = postgresql_server.PASSWORD

    def __init__(self, server, encoding="UTF8"):
        self._server = server
        self.database = f"platform_{next(_numbers)}"
        admin = sqlalchemy.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {self.database} ENCODING '{encoding}' LOCALE 'C'"
                " TEMPLATE template0")
        admin.dispose()
        super().__init__()

    def _url(self, database):
        secret = urllib.parse.quote(self.password, safe="")
        return (f"postgresql+psycopg2://{postgresql_server.USER}:{secret}@127.0.0.1:"
                f"{self._server.port}/{database}")

    def sqlalchemy_url(self):
        return self._url(self.database)

    def url(self):
        return (f"postgresql+psycopg2://{postgresql_server.USER}@127.0.0.1:"
                f"{self._server.port}/{self.database}")


class MariadbSource(Source):
    kind = "mysql"
    password = sql_servers.PASSWORD

    def __init__(self, server):
        self._server = server
        self.database = f"satchel_legacy_{next(_numbers)}"
        server.execute(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4")
        super().__init__()

    def sqlalchemy_url(self):
        secret = urllib.parse.quote(self.password, safe="")
        return (f"mysql+pymysql://{sql_servers.USER}:{secret}@{self._server.endpoint}"
                f"/{self.database}?charset=utf8mb4")

    def url(self):
        return (f"mysql+pymysql://{sql_servers.USER}@{self._server.endpoint}/{self.database}"
                "?charset=utf8mb4")


class SqliteSource(Source):
    kind = "sqlite"

    def __init__(self, directory: pathlib.Path):
        self.path = directory / "platform.db"
        super().__init__()

    def sqlalchemy_url(self):
        return f"sqlite:///{self.path}"

    def url(self):
        return f"sqlite:///{self.path}"
