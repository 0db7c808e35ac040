-- fragment: train_columns
-- The columns of a `Train`.
/*
    id,
    train_id,
    name,
    description,
    slack_webhook_url IS NOT NULL AS has_slack_webhook,
    slack_channel,
    slack_username,
    slack_icon_emoji,
    slack_enabled,
    created_at,
    updated_at
*/

-- name: get_train(train_id)^
-- record_class: Train
-- Return a train; nothing for an unknown id.
SELECT NULL -- @use train_columns
FROM trains
WHERE train_id = :train_id;

-- name: get_slack_webhook(train_id)$
-- Return the webhook of a train as it is stored, encrypted; NULL when it has none.
SELECT slack_webhook_url
FROM trains
WHERE train_id = :train_id;

-- name: list_trains(row_limit)
-- record_class: Train
-- Return a page of the trains in the order of their ids.
-- @page train_id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use train_columns
FROM trains
ORDER BY train_id
LIMIT :row_limit;

-- name: list_slack_webhooks(after_train_id, row_limit)
-- record_class: SlackWebhook
-- Return a page of the webhooks, encrypted, of the trains that have one, and keep others
-- from writing them until the end of the transaction.
-- @param row_limit = 100
SELECT
    train_id,
    slack_webhook_url
FROM trains
WHERE
    train_id > :after_train_id
    AND slack_webhook_url IS NOT NULL
ORDER BY train_id
LIMIT :row_limit
FOR NO KEY UPDATE;

-- name: hold_train(train_id)$
-- Return the id of a train, and keep others from changing it or its owners until the end
-- of the transaction; nothing for an unknown one.
SELECT train_id
FROM trains
WHERE train_id = :train_id
FOR NO KEY UPDATE;

-- name: create_train(train_id, name, description, slack_webhook_url, slack_channel, slack_username, slack_icon_emoji, slack_enabled)<!
-- record_class: Train
-- Store a train and return it; nothing when there is one of that id. It needs an owner
-- before the transaction ends.
INSERT INTO trains (
    train_id,
    name,
    description,
    slack_webhook_url,
    slack_channel,
    slack_username,
    slack_icon_emoji,
    slack_enabled
)
VALUES (
    :train_id,
    :name,
    :description,
    :slack_webhook_url,
    :slack_channel,
    :slack_username,
    :slack_icon_emoji,
    :slack_enabled
)
ON CONFLICT (train_id) DO NOTHING
RETURNING NULL; -- @use train_columns

-- name: update_train(train_id, name, description, slack_webhook_url, slack_channel, slack_username, slack_icon_emoji, slack_enabled)<!
-- record_class: Train
-- Change what is given of a train and return it; nothing for an unknown id. NULL leaves
-- what is there, and an empty text removes it.
UPDATE trains
SET
    name = coalesce(:name, name),
    description = nullif(coalesce(:description, description), ''),
    slack_webhook_url = nullif(coalesce(:slack_webhook_url, slack_webhook_url), ''),
    slack_channel = nullif(coalesce(:slack_channel, slack_channel), ''),
    slack_username = nullif(coalesce(:slack_username, slack_username), ''),
    slack_icon_emoji = nullif(coalesce(:slack_icon_emoji, slack_icon_emoji), ''),
    slack_enabled = coalesce(:slack_enabled, slack_enabled)
WHERE train_id = :train_id
RETURNING NULL; -- @use train_columns

-- name: replace_slack_webhook(train_id, slack_webhook_url)!
-- Store the webhook of a train, encrypted anew.
UPDATE trains
SET slack_webhook_url = :slack_webhook_url
WHERE train_id = :train_id;

-- name: delete_train(train_id)!
-- Delete a train with its members, keys and links to accounts, and return 1; 0 for an
-- unknown id. Its requests stay.
DELETE FROM trains
WHERE train_id = :train_id;
