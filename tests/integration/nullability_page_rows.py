"""Adversarial rows for the schema of `docs/nullability.md`: NULL wherever it may be."""

from __future__ import annotations

ROWS = """
INSERT INTO person VALUES
(1, 'ann', 'a', 30, '{x,NULL}', '{"town": "a", "size": null, "n": null}'),
(2, 'bob', NULL, NULL, NULL, NULL),
(3, 'cat', '', 40, '{}', 'null'),
(4, 'dan', 'q', NULL, '{y}', '{"town": "b"}'),
(5, 'eve', NULL, 41, '{NULL}', '{"size": 3}'),
(6, 'fay', 'rex', 2, NULL, '[null]'),
(7, 'ann', NULL, 50, NULL, NULL);
INSERT INTO pet VALUES
(1, 1, 'rex', 'dog'), (2, NULL, 'sly', NULL), (3, 1, 'tom', NULL),
(4, 5, 'uma', 'cat'), (5, 3, 'vic', 'dog'), (7, NULL, 'wim', 'dog'),
(8, 2, 'tim', NULL), (9, 2, 'tea', 'dog'), (10, 4, 'zed', NULL);
INSERT INTO sale VALUES
(1, 1, NULL, NULL), (2, 2, 6, 'r'), (3, 3, 7, 's');
INSERT INTO delivery VALUES
(1, 'open', NULL, NULL, NULL, NULL), (2, 'sent', 'van', NULL, true, 5),
(3, 'lost', 'post', 'n', false, NULL), (4, 'lost', 'van', NULL, NULL, 1);
INSERT INTO line (id, amount) VALUES (1, 1), (2, NULL);
INSERT INTO box VALUES (1, 'b', NULL), (2, 'c', 2);
INSERT INTO visit VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO parent VALUES (1, 'w');
INSERT INTO child VALUES (2, NULL);
INSERT INTO stay VALUES (1, '[2026-01-02,2026-01-05)'), (2, '[2026-01-02,)');
INSERT INTO plan VALUES (1, 'dated', '2026-01-02');
INSERT INTO old_plan VALUES (2, 'dated', NULL);
INSERT INTO toy VALUES (1, 1, 'ball'), (2, 2, NULL), (3, 88, NULL);
INSERT INTO seat VALUES
(1, 1, NULL, 1, 1), (2, 2, NULL, 1, 2), (3, 3, 'a', 2, 1), (4, 4, 'b', 2, NULL);
INSERT INTO member VALUES
(1, 'ANN', 1, NULL, NULL), (2, 'dog', 1, 5, 1), (3, 'c', 1, 6, 2), (4, 'd', 2, NULL, 3);
INSERT INTO checkup VALUES (1, 1, NULL), (2, 2, 5), (3, 4, 6);
REFRESH MATERIALIZED VIEW owned;
"""

#: What is changed before further runs: one side of a join has no rows.
WORLDS = ("DELETE FROM pet", "DELETE FROM pet; DELETE FROM person")
