-- The shop's books.
--
-- Dates are text (YYYY-MM-DD, days of the shop), times integers (microseconds
-- since 1970, UTC), amounts integers in minor units of ledger.currency, unit
-- prices in ten-thousandths of a minor unit, quantities in thousandths of a
-- unit, rates and shares in basis points. Amounts of credit notes are
-- magnitudes too: documents.kind gives the sign.
--
-- Books are only ever added to: a row of entries, documents, lines, taxes,
-- line_costs, voids, returns, counts, counted_lots, movements or event_log is never
-- changed or deleted. What is derived from them, and changes, stands in
-- product_state, client_state, lots, allocations and streams.

CREATE TABLE ledger (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  id             TEXT    NOT NULL,
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  partitions     INTEGER NOT NULL CHECK (partitions BETWEEN 1 AND 1000),
  created_at     INTEGER NOT NULL,
  closed_through TEXT             -- nothing dated on or before it is recorded or voided
) STRICT;
CREATE TRIGGER ledger_kept BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger''s own row is never deleted'); END;
CREATE TRIGGER ledger_fixed BEFORE UPDATE OF one, id, currency, partitions, created_at ON ledger
  BEGIN SELECT RAISE(ABORT, 'id, currency and partitions of a ledger never change'); END;
CREATE TRIGGER ledger_closed BEFORE UPDATE OF closed_through ON ledger WHEN OLD.closed_through IS NOT NULL AND NEW.closed_through IS NOT OLD.closed_through AND coalesce(NEW.closed_through, '') < OLD.closed_through
  BEGIN SELECT RAISE(ABORT, 'closed books are not opened again'); END;

-- One row an act of book-keeping: who did what, and when.
CREATE TABLE entries (
  id          INTEGER PRIMARY KEY,
  kind        TEXT    NOT NULL CHECK (kind IN ('product', 'client', 'invoice', 'credit_note', 'void', 'receipt', 'count', 'cost', 'close', 'settle')),
  reference   TEXT    UNIQUE CHECK (reference <> ''),
  who         TEXT    NOT NULL CHECK (who <> ''),
  recorded_at INTEGER NOT NULL,
  date        TEXT    NOT NULL CHECK (length(date) = 10),
  subject     TEXT    NOT NULL,
  reason      TEXT
) STRICT;
CREATE TRIGGER entries_kept BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER entries_fixed BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;

CREATE TABLE products (
  id         TEXT    PRIMARY KEY CHECK (id <> ''),
  name       TEXT    NOT NULL,
  category   TEXT    NOT NULL,
  kind       TEXT    NOT NULL CHECK (kind IN ('stock', 'service')),
  buy_price  INTEGER CHECK (buy_price >= 0),
  sell_price INTEGER CHECK (sell_price >= 0),
  min_margin INTEGER,
  archived   INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER products_kept BEFORE DELETE ON products BEGIN SELECT RAISE(ABORT, 'products are archived, never deleted'); END;
CREATE TRIGGER products_named BEFORE UPDATE OF id ON products BEGIN SELECT RAISE(ABORT, 'the id of a product never changes'); END;

CREATE TABLE clients (
  id       TEXT    PRIMARY KEY CHECK (id <> ''),
  name     TEXT    NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER clients_kept BEFORE DELETE ON clients BEGIN SELECT RAISE(ABORT, 'clients are archived, never deleted'); END;
CREATE TRIGGER clients_named BEFORE UPDATE OF id ON clients BEGIN SELECT RAISE(ABORT, 'the id of a client never changes'); END;

-- Invoices and credit notes. A document stands while it has no row in voids.
CREATE TABLE documents (
  entry    INTEGER PRIMARY KEY REFERENCES entries (id),
  kind     TEXT    NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  number   INTEGER NOT NULL CHECK (number > 0),
  id       TEXT    NOT NULL UNIQUE CHECK (id = printf(CASE kind WHEN 'invoice' THEN 'INV-%06d' ELSE 'CN-%06d' END, number)),
  invoice  INTEGER REFERENCES documents (entry) CHECK (invoice IS NULL OR kind = 'credit_note'),
  client   TEXT    REFERENCES clients (id),
  date     TEXT    NOT NULL CHECK (length(date) = 10),
  discount INTEGER NOT NULL CHECK (discount >= 0),
  net      INTEGER NOT NULL CHECK (net >= 0),
  tax      INTEGER NOT NULL CHECK (tax >= 0),
  total    INTEGER NOT NULL CHECK (total = net + tax),
  UNIQUE (kind, number)
) STRICT;
CREATE INDEX documents_by_client ON documents (client, date) WHERE client IS NOT NULL;
CREATE INDEX documents_by_invoice ON documents (invoice) WHERE invoice IS NOT NULL;
CREATE TRIGGER documents_kept BEFORE DELETE ON documents BEGIN SELECT RAISE(ABORT, 'documents are never deleted: void it'); END;
CREATE TRIGGER documents_fixed BEFORE UPDATE ON documents BEGIN SELECT RAISE(ABORT, 'documents are never changed'); END;
CREATE TRIGGER documents_dense BEFORE INSERT ON documents
  WHEN NEW.number <> 1 + coalesce((SELECT max(number) FROM documents WHERE kind = NEW.kind), 0)
  BEGIN SELECT RAISE(ABORT, 'document numbers have no holes'); END;
CREATE TRIGGER documents_open BEFORE INSERT ON documents
  WHEN NEW.date <= (SELECT closed_through FROM ledger)
  BEGIN SELECT RAISE(ABORT, 'the books are closed through that date'); END;
CREATE TRIGGER documents_linked BEFORE INSERT ON documents WHEN NEW.invoice IS NOT NULL
  AND (EXISTS (SELECT 1 FROM voids WHERE document = NEW.invoice)
    OR NOT EXISTS (SELECT 1 FROM documents i WHERE i.entry = NEW.invoice AND i.kind = 'invoice' AND i.client IS NEW.client))
  BEGIN SELECT RAISE(ABORT, 'a credit note is linked to a standing invoice of the same client'); END;

-- net is the revenue of the line: without tax, after its own discount and its
-- part of the document's. cost is frozen at recording; null is unknown then,
-- and may be set once in line_costs.
CREATE TABLE lines (
  document          INTEGER NOT NULL REFERENCES documents (entry),
  number            INTEGER NOT NULL CHECK (number > 0),
  product           TEXT    NOT NULL REFERENCES products (id),
  description       TEXT    NOT NULL,
  quantity          INTEGER NOT NULL CHECK (quantity > 0),
  unit_price        INTEGER NOT NULL CHECK (unit_price >= 0),
  discount_share    INTEGER NOT NULL CHECK (discount_share BETWEEN 0 AND 10000),
  discount          INTEGER NOT NULL CHECK (discount >= 0 AND (discount = 0 OR discount_share = 0)),
  document_discount INTEGER NOT NULL CHECK (document_discount >= 0),
  tax_rate          INTEGER NOT NULL CHECK (tax_rate >= 0),
  net               INTEGER NOT NULL CHECK (net >= 0),
  cost              INTEGER CHECK (cost >= 0),
  restock           INTEGER NOT NULL CHECK (restock IN (0, 1)),
  PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER lines_kept BEFORE DELETE ON lines BEGIN SELECT RAISE(ABORT, 'lines are never deleted'); END;
CREATE TRIGGER lines_fixed BEFORE UPDATE ON lines BEGIN SELECT RAISE(ABORT, 'lines are never changed'); END;

-- The lines of linked credit notes: which line of the invoice came back. Kept
-- apart from lines so that a sale's line is inserted without a trigger.
CREATE TABLE returns (
  document     INTEGER NOT NULL,
  number       INTEGER NOT NULL,
  invoice      INTEGER NOT NULL,
  invoice_line INTEGER NOT NULL,
  PRIMARY KEY (document, number),
  FOREIGN KEY (document, number) REFERENCES lines (document, number),
  FOREIGN KEY (invoice, invoice_line) REFERENCES lines (document, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX returns_by_line ON returns (invoice, invoice_line);
CREATE TRIGGER returns_kept BEFORE DELETE ON returns BEGIN SELECT RAISE(ABORT, 'lines are never deleted'); END;
CREATE TRIGGER returns_fixed BEFORE UPDATE ON returns BEGIN SELECT RAISE(ABORT, 'lines are never changed'); END;
CREATE TRIGGER returns_linked BEFORE INSERT ON returns
  WHEN NOT EXISTS (SELECT 1 FROM documents d JOIN lines r ON r.document = d.entry AND r.number = NEW.number
        JOIN lines s ON s.document = NEW.invoice AND s.number = NEW.invoice_line
        WHERE d.entry = NEW.document AND d.invoice = NEW.invoice AND r.product = s.product)
  BEGIN SELECT RAISE(ABORT, 'a return names a line of its invoice, of the same product'); END;
CREATE TRIGGER returns_bounded AFTER INSERT ON returns
  WHEN (SELECT sum(r.quantity) FROM returns x JOIN lines r ON r.document = x.document AND r.number = x.number
        WHERE x.invoice = NEW.invoice AND x.invoice_line = NEW.invoice_line AND x.document NOT IN (SELECT document FROM voids))
    > (SELECT quantity FROM lines WHERE document = NEW.invoice AND number = NEW.invoice_line)
  BEGIN SELECT RAISE(ABORT, 'more is returned than was sold'); END;

-- The tax of a document per rate (rates above zero): rounded once each.
CREATE TABLE taxes (
  document INTEGER NOT NULL REFERENCES documents (entry),
  rate     INTEGER NOT NULL CHECK (rate > 0),
  net      INTEGER NOT NULL CHECK (net >= 0),
  tax      INTEGER NOT NULL CHECK (tax >= 0),
  PRIMARY KEY (document, rate)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER taxes_kept BEFORE DELETE ON taxes BEGIN SELECT RAISE(ABORT, 'taxes are never deleted'); END;
CREATE TRIGGER taxes_fixed BEFORE UPDATE ON taxes BEGIN SELECT RAISE(ABORT, 'taxes are never changed'); END;

-- The cost of a line that was recorded without one: set once.
CREATE TABLE line_costs (
  document INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  entry    INTEGER NOT NULL REFERENCES entries (id),
  cost     INTEGER NOT NULL CHECK (cost >= 0),
  PRIMARY KEY (document, number),
  FOREIGN KEY (document, number) REFERENCES lines (document, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER line_costs_kept BEFORE DELETE ON line_costs BEGIN SELECT RAISE(ABORT, 'costs are never deleted'); END;
CREATE TRIGGER line_costs_fixed BEFORE UPDATE ON line_costs BEGIN SELECT RAISE(ABORT, 'a cost is set once'); END;
CREATE TRIGGER line_costs_frozen BEFORE INSERT ON line_costs
  WHEN (SELECT cost FROM lines WHERE document = NEW.document AND number = NEW.number) IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'the cost of that line is frozen'); END;

CREATE TABLE voids (
  document  INTEGER PRIMARY KEY REFERENCES documents (entry),
  entry     INTEGER NOT NULL UNIQUE REFERENCES entries (id),
  voided_on TEXT    NOT NULL CHECK (length(voided_on) = 10),
  reason    TEXT    NOT NULL CHECK (reason <> '')
) STRICT;
CREATE TRIGGER voids_kept BEFORE DELETE ON voids BEGIN SELECT RAISE(ABORT, 'a void is never taken back'); END;
CREATE TRIGGER voids_fixed BEFORE UPDATE ON voids BEGIN SELECT RAISE(ABORT, 'voids are never changed'); END;
CREATE TRIGGER voids_returned BEFORE INSERT ON voids
  WHEN EXISTS (SELECT 1 FROM documents WHERE invoice = NEW.document AND entry NOT IN (SELECT document FROM voids))
  BEGIN SELECT RAISE(ABORT, 'an invoice with a standing credit note is not voided'); END;
CREATE TRIGGER voids_open BEFORE INSERT ON voids
  WHEN min(NEW.voided_on, (SELECT date FROM documents WHERE entry = NEW.document)) <= (SELECT closed_through FROM ledger)
  BEGIN SELECT RAISE(ABORT, 'the books are closed through that date'); END;

-- A stock count of a product replaces all of its lots as of the end of its date.
CREATE TABLE counts (
  entry   INTEGER NOT NULL REFERENCES entries (id),
  product TEXT    NOT NULL REFERENCES products (id),
  date    TEXT    NOT NULL CHECK (length(date) = 10),
  PRIMARY KEY (entry, product)
) STRICT, WITHOUT ROWID;
CREATE TABLE counted_lots (
  entry       INTEGER NOT NULL,
  product     TEXT    NOT NULL,
  lot         TEXT    NOT NULL CHECK (lot <> ''),
  on_hand     INTEGER NOT NULL CHECK (on_hand >= 0),
  unit_cost   INTEGER CHECK (unit_cost >= 0),
  received_on TEXT    NOT NULL CHECK (length(received_on) = 10),
  expiry_date TEXT    CHECK (length(expiry_date) = 10),
  PRIMARY KEY (entry, product, lot),
  FOREIGN KEY (entry, product) REFERENCES counts (entry, product)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER counts_kept BEFORE DELETE ON counts BEGIN SELECT RAISE(ABORT, 'counts are never deleted'); END;
CREATE TRIGGER counts_fixed BEFORE UPDATE ON counts BEGIN SELECT RAISE(ABORT, 'counts are never changed'); END;
CREATE TRIGGER counted_lots_kept BEFORE DELETE ON counted_lots BEGIN SELECT RAISE(ABORT, 'counts are never deleted'); END;
CREATE TRIGGER counted_lots_fixed BEFORE UPDATE ON counted_lots BEGIN SELECT RAISE(ABORT, 'counts are never changed'); END;

-- What moved goods since their latest count: in the order of recording. What
-- was dated on or before the latest count when it was recorded has no row: the
-- count says it already. A void has the date of what it takes back.
--   on hand = latest count's lots + sum over movements dated after it of
--             quantity (receipt, return, sale_void) or -quantity (sale, return_void)
CREATE TABLE movements (
  id          INTEGER PRIMARY KEY,
  entry       INTEGER NOT NULL REFERENCES entries (id),
  product     TEXT    NOT NULL REFERENCES products (id),
  date        TEXT    NOT NULL CHECK (length(date) = 10),
  kind        TEXT    NOT NULL CHECK (kind IN ('receipt', 'sale', 'return', 'sale_void', 'return_void')),
  quantity    INTEGER NOT NULL CHECK (quantity > 0),
  document    INTEGER,             -- of a sale, a return and their voids: its line
  line        INTEGER,
  of          INTEGER REFERENCES movements (id),  -- of a void: what it takes back
  root        INTEGER NOT NULL,    -- the sale (or the free return) that it goes back to; itself otherwise
  lot         TEXT    NOT NULL,    -- of a receipt and of goods whose lot is unknown: where they go
  unit_cost   INTEGER CHECK (unit_cost >= 0),
  expiry_date TEXT    CHECK (length(expiry_date) = 10),
  CHECK ((kind IN ('sale_void', 'return_void')) = (of IS NOT NULL)),
  CHECK (kind <> 'receipt' OR lot <> '')
) STRICT;
CREATE INDEX movements_by_product ON movements (product, date);
CREATE INDEX movements_by_line ON movements (document, line) WHERE document IS NOT NULL;
CREATE INDEX movements_by_root ON movements (root) WHERE root <> id;
CREATE TRIGGER movements_kept BEFORE DELETE ON movements BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;
CREATE TRIGGER movements_fixed BEFORE UPDATE ON movements BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;

-- Derived: which lots a movement took from (below zero) or went to.
CREATE TABLE allocations (
  movement INTEGER NOT NULL REFERENCES movements (id),
  lot      TEXT    NOT NULL,       -- '' is what was sold beyond all lots
  quantity INTEGER NOT NULL,
  PRIMARY KEY (movement, lot)
) STRICT, WITHOUT ROWID;

-- Derived: the lots of each product. Those that are sold out stay, with on_hand 0.
CREATE TABLE lots (
  product     TEXT    NOT NULL REFERENCES products (id),
  lot         TEXT    NOT NULL,
  on_hand     INTEGER NOT NULL CHECK (CASE lot WHEN '' THEN on_hand <= 0 ELSE on_hand >= 0 END),
  unit_cost   INTEGER,
  received_on TEXT,
  expiry_date TEXT,
  PRIMARY KEY (product, lot)
) STRICT, WITHOUT ROWID;

-- Derived: what changes of a product with each entry.
CREATE TABLE product_state (
  number         INTEGER PRIMARY KEY, -- a row of fixed place is overwritten; one found by its text would be moved
  product        TEXT    NOT NULL UNIQUE REFERENCES products (id),
  first_sold_on  TEXT,             -- of standing invoices
  last_sold_on   TEXT,
  average_cost   INTEGER,          -- moving average, a unit price; null without a receipt with a cost
  count_entry    INTEGER,          -- its latest count
  counted_on     TEXT,
  sums_revision  INTEGER NOT NULL, -- last revisions of its families
  entry_revision INTEGER NOT NULL,
  stock_revision INTEGER NOT NULL,
  last_sums      INTEGER,          -- event_log.id of its last event of sums, and of its last stock.changed
  last_stock     INTEGER,
  stock_owed     INTEGER NOT NULL CHECK (stock_owed IN (0, 1)) -- a stock.changed is still to be emitted
) STRICT;
CREATE INDEX product_state_owed ON product_state (number) WHERE stock_owed = 1;

CREATE TABLE client_state (
  client         TEXT    PRIMARY KEY REFERENCES clients (id),
  first_purchase TEXT,             -- of standing invoices
  last_purchase  TEXT,
  sums_revision  INTEGER NOT NULL,
  entry_revision INTEGER NOT NULL,
  last_sums      INTEGER
) STRICT, WITHOUT ROWID;

-- The streams of the event log, and how far each has been published.
CREATE TABLE streams (
  number        INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  last_sequence INTEGER NOT NULL,
  published     INTEGER NOT NULL DEFAULT 0 CHECK (published >= 0)
) STRICT;

-- One row an event; readable as the view events.
CREATE TABLE event_log (
  id       INTEGER PRIMARY KEY,  -- streams.number << 40 | sequence
  uuid     BLOB    NOT NULL CHECK (length(uuid) = 16),
  type     TEXT    NOT NULL,     -- without the prefix comptoir.
  key      TEXT    NOT NULL,
  revision INTEGER NOT NULL CHECK (revision > 0),
  time     INTEGER NOT NULL,
  subject  TEXT    NOT NULL,
  data     TEXT    NOT NULL,
  entry    INTEGER NOT NULL,     -- entries.id; no foreign key, which would be looked up for each event
  document INTEGER,              -- documents.entry of what it is about; null of registers
  previous INTEGER               -- event_log.id of the event before it of the same key and family (sums only)
) STRICT;
CREATE TRIGGER event_log_kept BEFORE DELETE ON event_log BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER event_log_fixed BEFORE UPDATE ON event_log BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

CREATE VIEW events AS
  SELECT s.name AS stream, e.id & ((1 << 40) - 1) AS sequence,
         lower(substr(hex(e.uuid), 1, 8) || '-' || substr(hex(e.uuid), 9, 4) || '-' || substr(hex(e.uuid), 13, 4) || '-' || substr(hex(e.uuid), 17, 4) || '-' || substr(hex(e.uuid), 21)) AS id,
         'comptoir.' || e.type AS type, e.key, e.revision,
         strftime('%Y-%m-%dT%H:%M:%S', e.time / 1000000, 'unixepoch') || printf('.%06dZ', e.time % 1000000) AS time,
         e.subject, e.data, e.entry, e.document, e.previous, e.id AS log_id
  FROM event_log e JOIN streams s ON s.number = e.id >> 40;

-- What other parts keep with the ledger, such as the relay.
CREATE TABLE notes (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
