-- The schema of an imaginary bot.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE guilds (
    id bigint PRIMARY KEY, name text NOT NULL, prefix varchar(5), level smallint,
    settings jsonb DEFAULT '{}', created timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE members (
    id bigserial PRIMARY KEY, guild_id bigint NOT NULL REFERENCES guilds (id),
    user_id bigint NOT NULL, nick varchar, points bigint NOT NULL DEFAULT 0,
    streak integer, ratio double precision, price numeric(5, 2), active boolean,
    feeling mood, tags text[], seen timestamp, joined timestamptz, rest interval,
    UNIQUE (guild_id, user_id)
);
CREATE TABLE notes (
    id serial PRIMARY KEY, guild_id bigint, author_id bigint, body text NOT NULL,
    kind varchar DEFAULT 'note', extra jsonb, made timestamptz DEFAULT now()
);
CREATE TABLE tags (name text, guild_id bigint, uses integer DEFAULT 0, owner_id bigint,
                   PRIMARY KEY (name, guild_id));
