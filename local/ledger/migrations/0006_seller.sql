-- Who sells, as it is printed on invoices and credit notes. Empty: it is not printed.
CREATE TABLE seller (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  name         TEXT NOT NULL,
  address      TEXT NOT NULL, -- its lines
  registration TEXT NOT NULL, -- SIRET, company number
  vat          TEXT NOT NULL
) STRICT;
