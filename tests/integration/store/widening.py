"""What a schema demands and gives, and what a later one takes away from code that knows the earlier one alone."""

import sqlalchemy as sa


def shape(connection):
    """Give each table's columns, and what has to hold of its rows."""
    found = sa.inspect(connection)
    return {table: _table(found, table) for table in found.get_table_names() if table != "alembic_version"}


def _table(found, table):
    indexes = [index for index in found.get_indexes(table) if index["unique"]]
    uniques = found.get_unique_constraints(table)
    return {
        "columns": {column["name"]: column for column in found.get_columns(table)},
        "once": {frozenset(one["column_names"]) for one in [*indexes, *uniques]}
        | {frozenset(found.get_pk_constraint(table)["constrained_columns"])},
        "elsewhere": {", ".join(key["constrained_columns"]) for key in found.get_foreign_keys(table)},
        "demands": {check["sqltext"] for check in found.get_check_constraints(table)},
    }


def takes_away(before, after):
    """Say what code that knows `before` would miss in `after`, or be refused by it."""
    faults = [f"{table} is gone" for table in before.keys() - after.keys()]
    for table in before.keys() & after.keys():
        faults += _columns(table, before[table]["columns"], after[table]["columns"])
        faults += _demands(table, before[table], after[table])
    return faults


def _columns(table, before, after):
    faults = [f"{table}.{name} is gone" for name in before.keys() - after.keys()]
    for name, column in after.items():
        old = before.get(name)
        free = column["nullable"] or column["default"] is not None
        if old is None and not free:
            faults.append(f"{table}.{name} is demanded and has no default")
        elif old is not None and str(old["type"]) != str(column["type"]):
            faults.append(f"{table}.{name} has another type")
        elif old is not None and old["nullable"] and not column["nullable"]:
            faults.append(f"{table}.{name} is demanded")
    return faults


def _demands(table, before, after):
    empty = {name for name in after["columns"].keys() - before["columns"].keys() if not _filled(after, name)}
    wider = [key for key in after["once"] if not key & empty]  # nothing equals what old code leaves empty
    tighter = [key for key in wider if not any(key >= old for old in before["once"])]
    return [
        *(f"{table}: {', '.join(sorted(key))} may be there once" for key in tighter),
        *(f"{table}: {key} has to be elsewhere" for key in after["elsewhere"] - before["elsewhere"]),
        *(f"{table}: there is a new demand" for _ in after["demands"] - before["demands"]),
    ]


def _filled(table, name):
    column = table["columns"][name]
    return column["default"] is not None or not column["nullable"]
