-- Up Migration

-- Who enters or leaves several audiences at once is one line of the log: with rules, a new person enters twenty or
-- more by one event, and a line for each took as long to write as the memberships.
alter table changes alter column audience_id type uuid[] using case when audience_id is not null then array[audience_id] end;
alter table changes rename column audience_id to audience_ids;

-- Down Migration
insert into changes (tx, audience_ids, profile_id, change, at)
  select tx, array[audience_id], profile_id, change, at from changes, unnest(audience_ids[2:]) as audience_id;
alter table changes alter column audience_ids type uuid using audience_ids[1];
alter table changes rename column audience_ids to audience_id;
