-- fragment: change_columns
-- The columns of an `ExecutionChange` and a `WorkerChange`.
/*
    seq,
    time,
    txid::text AS txid,
    operation,
    entity_id,
    entity_ref,
    changed_fields,
    old_values,
    new_values
*/

-- fragment: change_filters(entity_id, entity_ref, operation, changed_field, since, until)
-- What may be asked of a change that is searched for.
/*
entity_id = :entity_id -- @optional
AND entity_ref = :entity_ref -- @optional
AND operation = :operation -- @optional
AND changed_fields @> ARRAY[:changed_field::text] -- @optional
AND time >= :since -- @optional
AND time <= :until -- @optional
*/
