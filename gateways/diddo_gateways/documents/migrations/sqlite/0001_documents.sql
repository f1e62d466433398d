CREATE TABLE collections (
    id    INTEGER PRIMARY KEY,
    world TEXT NOT NULL,
    kind  TEXT NOT NULL,
    UNIQUE (world, kind)
);

-- The row id is `collection << 40 | number`: the documents of a collection stand together and in order, and need no
-- further index to be listed. `terms` repeats the index entries, a JSON list, so that a change needs no search.
CREATE TABLE documents (
    seq        INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    terms      BLOB NOT NULL,
    body       BLOB NOT NULL
);

-- Id first: a page's link names a document without saying whose it is.
CREATE UNIQUE INDEX documents_by_id ON documents (id, collection);

CREATE TABLE terms (
    term TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (term, seq)
) WITHOUT ROWID;

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
