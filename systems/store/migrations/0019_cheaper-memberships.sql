-- Up Migration

-- A foreign key is checked for each row, and was half of what a membership cost. Whoever writes memberships has
-- the profiles locked, or made them; an audience is never deleted, and a profile only by the merge, which takes its
-- memberships along.
alter table audience_members
  drop constraint audience_members_audience_id_fkey,
  drop constraint audience_members_profile_id_fkey;

-- The log is read by its order alone: one index does for both.
drop index changes_in_order;
alter table changes drop constraint changes_pkey, add primary key (tx, no);

-- A person of some events is 2 to 4 kB. Packed into less than 2 kB, as is usual, they took a third of what the store
-- did in an import of known people, and are unpacked wherever they are read.
alter table profiles set (toast_tuple_target = 4096);

-- Down Migration
alter table profiles reset (toast_tuple_target);
alter table changes drop constraint changes_pkey, add primary key (no);
create index changes_in_order on changes (tx, no);
delete from audience_members where not exists (select from profiles where id = profile_id);
alter table audience_members
  add constraint audience_members_audience_id_fkey foreign key (audience_id) references audiences on delete cascade,
  add constraint audience_members_profile_id_fkey foreign key (profile_id) references profiles on delete cascade;
