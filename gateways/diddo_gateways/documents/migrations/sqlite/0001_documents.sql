CREATE TABLE collections (
    id    INTEGER PRIMARY KEY,
    world TEXT NOT NULL,
    kind  TEXT NOT NULL,
    UNIQUE (world, kind)
);

CREATE TABLE documents (
    seq        INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections (id),
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    body       BLOB NOT NULL
);

-- Id first: a page's link names a document without saying whose it is.
CREATE UNIQUE INDEX documents_by_id ON documents (id, collection);
CREATE INDEX documents_in_order ON documents (collection, seq);

CREATE TABLE terms (
    collection INTEGER NOT NULL,
    term       TEXT NOT NULL,
    seq        INTEGER NOT NULL REFERENCES documents (seq) ON DELETE CASCADE,
    PRIMARY KEY (collection, term, seq)
) WITHOUT ROWID;

CREATE INDEX terms_of_document ON terms (seq);

CREATE TABLE messages (
    seq     INTEGER PRIMARY KEY,
    world   TEXT NOT NULL,
    id      TEXT NOT NULL,
    due     INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    body    BLOB NOT NULL,
    UNIQUE (world, id)
);

CREATE INDEX messages_by_due ON messages (world, due, seq);
