-- Up Migration

-- The members of a scan in blocks of 1,000, since a row for each of a million takes longer to write than to send
-- to the first thousands of them. Not compressed: ids are random.
create table scan_blocks (
  scan_id uuid not null references scans on delete cascade,
  -- From 0: those at the positions from 1,000 times it, itself left out, on.
  block int not null,
  profile_ids uuid[] not null,
  primary key (scan_id, block)
);
alter table scan_blocks alter column profile_ids set storage external;
insert into scan_blocks (scan_id, block, profile_ids)
  select scan_id, (position - 1) / 1000, array_agg(profile_id order by position) from scan_members group by 1, 2;
drop table scan_members;

-- Down Migration
create table scan_members (
  scan_id uuid not null,
  position bigint not null,
  profile_id uuid not null,
  primary key (scan_id, position)
);
insert into scan_members (scan_id, position, profile_id)
  select scan_id, block * 1000 + place, profile_id
    from scan_blocks, unnest(profile_ids) with ordinality as members (profile_id, place);
drop table scan_blocks;
