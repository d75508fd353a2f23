"""Three schemas as real projects have them, and what queries over them must give, as SQL written by hand.

For each fact: how its rows are joined to all that is asked for, what its measures are over those rows, and where the
dimensions are. A dimension also says at which table it ends, by its key, and how the rows of that table are read alone.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "schemas"


@dataclass(frozen=True)
class Place:
    """Where a dimension is: its SQL over the joined rows, its table's key there, and both over its table alone."""

    value: str
    key: str
    alone: str = ""


@dataclass(frozen=True)
class Fact:
    """A fact with its rows, measures and dimensions in SQL."""

    schema: str
    rows: str
    measures: dict[str, str]
    places: dict[str, Place]
    filters: dict[str, tuple[str, str]] = field(default_factory=dict)
    """A filter by its text: in SQL, and the key that must not be NULL with `include_empty` false."""


RENTALS = Fact(
    "rental",
    """
    rental r LEFT JOIN inventory i ON i.inventory_id = r.inventory_id LEFT JOIN film f ON f.film_id = i.film_id
    LEFT JOIN store s ON s.store_id = i.store_id LEFT JOIN address sa ON sa.address_id = s.address_id
    LEFT JOIN city sc ON sc.city_id = sa.city_id LEFT JOIN customer c ON c.customer_id = r.customer_id
    LEFT JOIN store h ON h.store_id = c.store_id LEFT JOIN address a ON a.address_id = c.address_id
    LEFT JOIN city ci ON ci.city_id = a.city_id LEFT JOIN country co ON co.country_id = ci.country_id
    """,
    {
        "rental.rentals": "count(*)",
        "rental.day_sum": "sum(r.days)",
        "rental.avg_days": "avg(r.days)",
        "rental.value": "sum(r.days * f.rate)",
        "rental.long_rentals": "count(CASE WHEN f.minutes > 120 THEN 1 END)",
        "count(distinct rental.customer_id)": "count(DISTINCT r.customer_id)",
    },
    {
        "customer.name": Place("c.name", "c.customer_id", "SELECT name, customer_id FROM customer"),
        "inventory.store.name": Place("s.name", "s.store_id", "SELECT name, store_id FROM store"),
        "customer.store.name": Place("h.name", "h.store_id", "SELECT name, store_id FROM store"),
        "address.district": Place("a.district", "a.address_id", "SELECT district, address_id FROM address"),
        "inventory.store.address.city.name": Place("sc.name", "sc.city_id", "SELECT name, city_id FROM city"),
        "country.name": Place("co.name", "co.country_id", "SELECT name, country_id FROM country"),
        "film.rating": Place("f.rating", "f.film_id", "SELECT rating, film_id FROM film"),
        "rental.rented_at:month": Place("substr(r.rented_at, 1, 7) || '-01'", "r.rental_id"),
    },
    {"film.rating = 'PG'": ("f.rating = 'PG'", "f.film_id"), "rental.days > 3": ("r.days > 3", "r.rental_id")},
)
PAYMENTS = Fact(
    "rental",
    """
    payment p LEFT JOIN customer c ON c.customer_id = p.customer_id LEFT JOIN address a ON a.address_id = c.address_id
    LEFT JOIN city ci ON ci.city_id = a.city_id LEFT JOIN country co ON co.country_id = ci.country_id
    LEFT JOIN rental r ON r.rental_id = p.rental_id LEFT JOIN inventory i ON i.inventory_id = r.inventory_id
    LEFT JOIN film f ON f.film_id = i.film_id
    """,
    {"payment.paid": "sum(p.amount)", "payment.payments": "count(*)"},
    {
        "customer.name": Place("c.name", "c.customer_id", "SELECT name, customer_id FROM customer"),
        "country.name": Place("co.name", "co.country_id", "SELECT name, country_id FROM country"),
        "film.rating": Place("f.rating", "f.film_id", "SELECT rating, film_id FROM film"),
        "payment.paid_at:month": Place("substr(p.paid_at, 1, 7) || '-01'", "p.payment_id"),
    },
)
DETAILS = Fact(
    "trading",
    """
    "Order Details" d LEFT JOIN "Orders" o ON o."OrderID" = d."OrderID"
    LEFT JOIN "Products" p ON p."ProductID" = d."ProductID" LEFT JOIN "Categories" k ON k."CategoryID" = p."CategoryID"
    LEFT JOIN "Suppliers" s ON s."SupplierID" = p."SupplierID"
    LEFT JOIN "Customers" c ON c."CustomerID" = o."CustomerID"
    LEFT JOIN "Employees" e ON e."EmployeeID" = o."EmployeeID" LEFT JOIN "Employees" b ON b."EmployeeID" = e."ReportsTo"
    LEFT JOIN "Shippers" v ON v."ShipperID" = o."ShipVia"
    """,
    {
        '"Order Details".lines': "count(*)",
        '"Order Details".units': 'sum(d."Quantity")',
        '"Order Details".sales': 'sum(d."Unit Price" * d."Quantity")',
        '"Order Details".discounted': 'count(CASE WHEN d."Discount %" > 0 THEN 1 END)',
        'sum("Order Details"."Unit Price" * "Order Details".Quantity * (100 - "Order Details"."Discount %")) / 100': (
            'sum(d."Unit Price" * d."Quantity" * (100 - d."Discount %")) / 100.0'
        ),
    },
    {
        "Categories.CategoryName": Place(
            'k."CategoryName"', 'k."CategoryID"', 'SELECT "CategoryName", "CategoryID" FROM "Categories"'
        ),
        "customers.country": Place('c."Country"', 'c."CustomerID"', 'SELECT "Country", "CustomerID" FROM "Customers"'),
        "Suppliers.Country": Place('s."Country"', 's."SupplierID"', 'SELECT "Country", "SupplierID" FROM "Suppliers"'),
        "Employees.LastName": Place(
            'e."LastName"', 'e."EmployeeID"', 'SELECT "LastName", "EmployeeID" FROM "Employees"'
        ),
        "Employees.Boss.LastName": Place(
            'b."LastName"', 'b."EmployeeID"', 'SELECT "LastName", "EmployeeID" FROM "Employees"'
        ),
        "Shippers.CompanyName": Place(
            'v."CompanyName"', 'v."ShipperID"', 'SELECT "CompanyName", "ShipperID" FROM "Shippers"'
        ),
        '"Order Details"."Discount %"': Place('d."Discount %"', 'd."OrderID"'),
        "Orders.OrderDate:year": Place(
            """substr(o."OrderDate", 1, 4) || '-01-01'""",
            'o."OrderID"',
            """SELECT substr("OrderDate", 1, 4) || '-01-01', "OrderID" FROM "Orders\"""",
        ),
    },
    {
        "Products.Discontinued = 0": ('p."Discontinued" = 0', 'p."ProductID"'),
        '"Order Details".Quantity > 4': ('d."Quantity" > 4', 'd."OrderID"'),
    },
)
ORDERS = Fact(
    "trading",
    """
    "Orders" o LEFT JOIN "Customers" c ON c."CustomerID" = o."CustomerID"
    LEFT JOIN "Employees" e ON e."EmployeeID" = o."EmployeeID"
    """,
    {"Orders.orders": "count(*)", "Orders.freight": 'sum(o."Freight")'},
    {
        "customers.country": Place('c."Country"', 'c."CustomerID"', 'SELECT "Country", "CustomerID" FROM "Customers"'),
        "Employees.LastName": Place(
            'e."LastName"', 'e."EmployeeID"', 'SELECT "LastName", "EmployeeID" FROM "Employees"'
        ),
        "Orders.OrderDate:year": Place("""substr(o."OrderDate", 1, 4) || '-01-01'""", 'o."OrderID"'),
    },
)
LINES = Fact(
    "music",
    """
    invoice_line l LEFT JOIN invoice i ON i.id = l.invoice_id LEFT JOIN customer c ON c.id = i.customer_id
    LEFT JOIN employee e ON e.id = c.support_rep_id LEFT JOIN employee m ON m.id = e.reports_to
    LEFT JOIN track t ON t.id = l.track_id LEFT JOIN genre g ON g.id = t.genre_id LEFT JOIN album b ON b.id = t.album_id
    LEFT JOIN artist a ON a.id = b.artist_id
    """,
    {
        "invoice_line.lines": "count(*)",
        "invoice_line.units": "sum(l.quantity)",
        "invoice_line.revenue": "sum(l.price * l.quantity)",
        "invoice_line.rock_units": "sum(CASE WHEN g.name = 'Rock' THEN l.quantity END)",
        "max(invoice_line.price)": "max(l.price)",
    },
    {
        "genre.name": Place("g.name", "g.id", "SELECT name, id FROM genre"),
        "artist.name": Place("a.name", "a.id", "SELECT name, id FROM artist"),
        "customer.country": Place("c.country", "c.id", "SELECT country, id FROM customer"),
        "support_rep.name": Place("e.name", "e.id", "SELECT name, id FROM employee"),
        "support_rep.manager.name": Place("m.name", "m.id", "SELECT name, id FROM employee"),
        "invoice.dated:quarter": Place(
            "substr(i.dated, 1, 5) || printf('%02d-01', (substr(i.dated, 6, 2) - 1) / 3 * 3 + 1)",
            "i.id",
            "SELECT substr(dated, 1, 5) || printf('%02d-01', (substr(dated, 6, 2) - 1) / 3 * 3 + 1), id FROM invoice",
        ),
        "invoice_line.price": Place("l.price", "l.id"),
        "track.album.title": Place("b.title", "b.id", "SELECT title, id FROM album"),
    },
    {
        "genre.name <> 'Jazz'": ("g.name <> 'Jazz'", "g.id"),
        "support_rep.manager.name = 'Employee 1'": ("m.name = 'Employee 1'", "m.id"),
    },
)
INVOICES = Fact(
    "music",
    """
    invoice i LEFT JOIN customer c ON c.id = i.customer_id LEFT JOIN employee e ON e.id = c.support_rep_id
    LEFT JOIN employee m ON m.id = e.reports_to
    """,
    {"invoice.invoices": "count(*)", "invoice.billed": "sum(i.total)"},
    {
        "customer.country": Place("c.country", "c.id", "SELECT country, id FROM customer"),
        "support_rep.name": Place("e.name", "e.id", "SELECT name, id FROM employee"),
        "support_rep.manager.name": Place("m.name", "m.id", "SELECT name, id FROM employee"),
        "invoice.dated:year": Place("substr(i.dated, 1, 4) || '-01-01'", "i.id"),
    },
)
FACTS = (RENTALS, PAYMENTS, DETAILS, ORDERS, LINES, INVOICES)
PAIRS = ((RENTALS, PAYMENTS), (DETAILS, ORDERS), (LINES, INVOICES))


def sources(schema: str) -> list[dict[str, Any]]:
    """The model of a schema."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{schema}.json").read_text(encoding="utf-8"))
    return found


def database(schema: str) -> sqlite3.Connection:
    """The schema with its rows."""
    connection = sqlite3.connect(":memory:")
    connection.executescript((FOLDER / f"{schema}.sql").read_text(encoding="utf-8"))
    return connection


def groups(fact: Fact, measures: list[str], dimension: str | None, filters: list[str], *, inner: bool) -> str:
    """The groups of one fact: the dimension as ``d``, the measures as ``m0``, ``m1``, …."""
    place = fact.places[dimension] if dimension else None
    columns = [f"{place.value} AS d"] if place else []
    columns += [f"{fact.measures[measure]} AS m{number}" for number, measure in enumerate(measures)]
    conditions = [fact.filters[text][0] for text in filters]
    if inner and place:
        conditions += [f"{key} IS NOT NULL" for key in (place.key, *(fact.filters[text][1] for text in filters))]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(columns)} FROM {fact.rows}{where}{' GROUP BY 1' if place else ''}"


def zero(measure: str) -> str:
    """What a measure is where its fact has nothing."""
    is_count = measure.startswith("count") or measure.rpartition(".")[2] in (
        "rentals long_rentals payments lines discounted orders invoices".split()  # noqa: SIM905
    )
    return "0" if is_count else "NULL"
