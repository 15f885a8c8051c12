-- Up Migration

-- Profiles that are built anew from the stream: by a changed mapping, or since a file is taken back. One at a
-- time: while one is under way no events are folded into profiles.
create table rebuilds (
  id bigint generated always as identity primary key,
  job_id text not null references jobs on delete cascade,
  -- The path of the file that is taken back; null where all is built anew.
  file_path text,
  state text not null check (state in ('taking-back', 'walking', 'building', 'done', 'abandoned')),
  -- The fence: an attempt with an older number changes nothing.
  attempt integer not null default 0,
  -- The mappings' texts as they were at its beginning, its own job's first.
  mappings text[] not null,
  -- Profiles up to this one are built.
  built_to uuid,
  built bigint not null default 0,
  changed bigint not null default 0,
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index one_running_rebuild on rebuilds ((true)) where state not in ('done', 'abandoned');

-- The files whose events it walks, as far as they had been folded into profiles at its beginning.
create table rebuild_files (
  rebuild_id bigint not null references rebuilds on delete cascade,
  file_id bigint not null references event_files on delete cascade,
  mapping smallint not null,
  to_line bigint not null,
  walked_to bigint not null default 0,
  nobodys_rows bigint not null default 0,
  primary key (rebuild_id, file_id)
);

-- What parts of the stream come to, for each profile; without aggregates: a profile that is to be built anew.
create table rebuild_parts (
  rebuild_id bigint not null references rebuilds on delete cascade,
  profile_id uuid not null,
  mapping smallint,
  aggregates text
);
create index rebuild_parts_of_profile on rebuild_parts (rebuild_id, profile_id);

alter table event_files drop constraint event_files_state_check;
alter table event_files add constraint event_files_state_check
  check (state in ('waiting', 'ready', 'reading', 'failed', 'set-aside', 'done', 'repeated', 'taken-back'));

-- The fields that others than a mapping have written: they stay when a mapping no longer makes them.
alter table profiles add column told text[] not null default '{}';
update profiles set told = array(select jsonb_object_keys(fields)) where aggregates is null;

-- Down Migration
alter table profiles drop column told;
update event_files set state = 'ready' where state = 'taken-back';
alter table event_files drop constraint event_files_state_check;
alter table event_files add constraint event_files_state_check
  check (state in ('waiting', 'ready', 'reading', 'failed', 'set-aside', 'done', 'repeated'));
drop table rebuild_parts, rebuild_files, rebuilds;
