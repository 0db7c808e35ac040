-- Fragment: big
/* TRUE */

-- fragment twice(member_id)
/* TRUE */

-- fragment:
/* TRUE */

-- fragment: isOpen
/* TRUE */

-- fragment: a_filter^
/* TRUE */

-- fragment: is_open
-- The name is taken by a file further up.
/* item.closed_at IS NULL */

-- fragment: without_text

-- fragment: without_words
/* -- nothing */

-- fragment: leading
/* AND item.closed_at IS NULL */

-- fragment: listing
/* item.item_id, */

-- fragment: going_on
/* item.closed_at IS NULL ORDER BY */

-- fragment: closing
/* TRUE) OR (TRUE */

-- fragment: opening
/* lower(item.label */

-- fragment: endless
/* item.label = 'it */

-- fragment: statement
/* item.label = 'it'; */

-- fragment: nested
/* FALSE -- @use is_open
*/

-- fragment: undeclared(label)
/* item.label = :lable AND :label */

-- fragment: unused(label)
/* item.label = ':label' */

-- fragment: repeated(label, label)
/* item.label = :label */

-- fragment: directed
-- @param label null
/* TRUE */

-- fragment: excused
-- @allow unused-fragment: it is for queries to come
-- @allow uncertain-row-count: the name is unique
/* TRUE */

-- fragment: excused_in_vain
-- @allow unused-fragment
/* TRUE */

-- fragment: same
/* TRUE */

-- fragment: same
/* FALSE */

-- name: list_broken()
-- A broken fragment is reported once, where it is written.
SELECT item_id
FROM item
WHERE FALSE; -- @use leading

-- fragment: below
/* TRUE */
