-- Up Migration

-- The log hears of more than memberships: of user fields that changed (`fields` names them), of profiles that
-- were merged (of the one that stays), and of members that one job has to send again.
alter table changes
  alter column audience_id drop not null,
  drop constraint changes_change_check,
  add column fields text[],
  -- Only of `again`: the job that it concerns.
  add column job_id text,
  add constraint changes_change_check check (
    (change in ('enter', 'exit') and audience_id is not null)
    or (change = 'fields' and fields is not null)
    or change = 'merged'
    or (change = 'again' and job_id is not null)
  );

-- Where the profiles lead that were merged into others. Never a chain: a merge moves the older ones along.
create table profile_aliases (
  alias uuid primary key,
  profile_id uuid not null references profiles on delete cascade,
  at timestamptz not null default now()
);
create index aliases_of_profile on profile_aliases (profile_id);

-- The records in Responsys that may hold a 1 for a member: noted before a memberships row is sent, taken
-- back when it is set to 0 or is somebody else's. More than one of a member: all but the latest are to go.
create table job_records (
  job_id text not null references jobs on delete cascade,
  profile_id uuid not null,
  -- By which the table's row is matched: RIID_, or the job's first match column.
  match_column text not null,
  match_value text not null,
  -- Within a lane a member is in one send at a time; the other lane's sends may still be under way.
  lane text not null check (lane in ('bulk', 'live')),
  -- Whether the send that noted it has ended: before, its row may yet be written.
  is_settled boolean not null default false,
  primary key (job_id, profile_id, match_column, match_value, lane)
);
create index holders_of_record on job_records (job_id, match_column, match_value);

-- Down Migration
drop table job_records, profile_aliases;
delete from changes where change not in ('enter', 'exit');
alter table changes
  drop constraint changes_change_check,
  drop column fields,
  drop column job_id,
  alter column audience_id set not null,
  add constraint changes_change_check check (change in ('enter', 'exit'));
