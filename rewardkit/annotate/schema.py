# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The tables of a study file.

Votes are only ever added: an undo is a row that names the vote it takes back, and triggers
refuse to change or delete one. What stands is the view `standing`.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Of the tables; kept as SQLite's `user_version`."""

APPLICATION: Final = 0x72_6B_53_79
"""SQLite's `application_id` of a study: "rkSy"."""

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE clip (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,             -- SHA-256 of the decoded sound, as Clip.key
    duration REAL NOT NULL,        -- s
    sample_rate INTEGER NOT NULL,  -- Hz
    loudness REAL,                 -- LUFS (ITU-R BS.1770); NULL for silence
    peak REAL NOT NULL             -- greatest absolute sample, full scale 1
);

CREATE TABLE pair (
    id INTEGER PRIMARY KEY,
    a INTEGER NOT NULL REFERENCES clip,
    b INTEGER NOT NULL REFERENCES clip,
    text TEXT, language TEXT, speaker_a TEXT, speaker_b TEXT, system_a TEXT, system_b TEXT,
    CHECK (a != b), UNIQUE (a, b)
);

CREATE TABLE golden (
    pair INTEGER NOT NULL REFERENCES pair,
    dimension TEXT NOT NULL,
    win REAL NOT NULL CHECK (win IN (0, 0.5, 1)),  -- 1 = the pair's a is better
    PRIMARY KEY (pair, dimension)
) WITHOUT ROWID;

CREATE TABLE rater (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    consented REAL                 -- Unix time; NULL until then
);

CREATE TABLE session (             -- one opened page
    id TEXT PRIMARY KEY,
    rater INTEGER NOT NULL REFERENCES rater,
    started REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE presentation (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,       -- random: all that the rater's browser sees
    pair INTEGER NOT NULL REFERENCES pair,
    rater INTEGER NOT NULL REFERENCES rater,
    session TEXT REFERENCES session,
    swapped INTEGER NOT NULL,      -- 1: the pair's b was side A
    kind TEXT NOT NULL CHECK (kind IN ('fresh', 'repeat', 'golden')),
    propensity REAL NOT NULL,
    reason TEXT NOT NULL,
    shown REAL NOT NULL            -- Unix time
);
CREATE INDEX presentation_rater ON presentation (rater);

CREATE TABLE vote (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,       -- made by the browser: sent twice, it is one vote
    presentation INTEGER NOT NULL REFERENCES presentation,
    action TEXT NOT NULL CHECK (action IN ('answer', 'skip', 'broken', 'undo')),
    undoes INTEGER UNIQUE REFERENCES vote,
    session TEXT,
    body TEXT NOT NULL,            -- what was sent, as canonical JSON
    made REAL NOT NULL,            -- Unix time
    seconds REAL,                  -- from the pair being shown to the vote, by the browser's clock
    heard_a REAL, heard_b REAL,    -- share of each side that was heard
    CHECK ((action = 'undo') = (undoes IS NOT NULL))
);
CREATE INDEX vote_presentation ON vote (presentation);

CREATE TABLE answer (
    vote INTEGER NOT NULL REFERENCES vote,
    dimension TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('a', 'b', 'tie')),  -- sides as shown
    strength INTEGER CHECK (strength IN (1, 2)),
    PRIMARY KEY (vote, dimension)
) WITHOUT ROWID;

CREATE TABLE flag (                -- what is held against a rater, a pair or a clip, and why
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('rater', 'pair', 'clip')),
    subject INTEGER NOT NULL,
    reason TEXT NOT NULL,
    made REAL NOT NULL,
    UNIQUE (kind, subject, reason)
);

CREATE VIEW standing AS
    SELECT * FROM vote
    WHERE action != 'undo'
    AND NOT EXISTS (SELECT 1 FROM vote AS undo WHERE undo.undoes = vote.number);

CREATE TRIGGER vote_stays BEFORE DELETE ON vote
BEGIN SELECT RAISE(ABORT, 'votes are only ever added'); END;
CREATE TRIGGER vote_unchanged BEFORE UPDATE ON vote
BEGIN SELECT RAISE(ABORT, 'votes are only ever added'); END;
CREATE TRIGGER answer_stays BEFORE DELETE ON answer
BEGIN SELECT RAISE(ABORT, 'votes are only ever added'); END;
CREATE TRIGGER answer_unchanged BEFORE UPDATE ON answer
BEGIN SELECT RAISE(ABORT, 'votes are only ever added'); END;
"""
