-- Pairs of two ways to write one thing.
SELECT g.id FROM guilds g;
SELECT guilds.id FROM guilds;
SELECT id FROM guilds WHERE NOT (id = 1);
SELECT id FROM guilds WHERE id <> 1;
SELECT id FROM guilds WHERE id > 1;
SELECT id FROM guilds WHERE id > 1::bigint;
SELECT m.id FROM members m CROSS JOIN guilds;
SELECT members.id FROM members JOIN guilds ON true;
UPDATE guilds SET name = 'a', level = 1;
UPDATE guilds SET level = 1, name = 'a'::varchar;
INSERT INTO guilds (id, name, prefix) VALUES (1, 'a', DEFAULT);
INSERT INTO guilds (name, id) VALUES ('a', 1);
SELECT body FROM notes LIMIT ALL;
SELECT body FROM notes;
SELECT body FROM notes JOIN tags USING (guild_id);
SELECT body FROM notes n JOIN tags t ON n.guild_id = t.guild_id;
WITH RECURSIVE a AS (SELECT id FROM notes UNION SELECT id + 1 FROM a WHERE id < 3) SELECT id FROM a;
WITH RECURSIVE a(id) AS (SELECT id AS other FROM notes UNION SELECT id + 1 FROM a WHERE id < 3) SELECT id FROM a;
