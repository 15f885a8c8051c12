-- Up Migration

create table authorizations (
  id text primary key,
  kind text not null,
  label text not null unique,
  description text not null default '',
  -- The fields that may be shown.
  settings jsonb not null,
  -- The fields that may not: AES-256-GCM of their JSON.
  sealed_secrets bytea not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table jobs (
  id text primary key,
  kind text not null,
  label text not null unique,
  description text not null default '',
  authorization_id text not null references authorizations,
  configuration jsonb not null,
  -- What the check against the account settled: tables, columns and their types.
  plan jsonb,
  state text not null default 'starting',
  -- Why it is in that state, in the reader's words.
  state_reason text not null default '',
  last_error text,
  last_error_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- The audiences whose changes concern a job: its source, and those whose memberships it exports.
create table job_audiences (
  job_id text not null references jobs on delete cascade,
  audience_id uuid not null references audiences,
  is_source boolean not null,
  primary key (job_id, audience_id)
);

-- How far the relay has told each running job of the change log.
create table relay_positions (
  job_id text primary key references jobs on delete cascade,
  tx xid8 not null,
  no bigint not null
);

-- A walk through all members of a job's source audience, in the order of their column sets.
create table scans (
  id uuid primary key default gen_random_uuid(),
  job_id text not null references jobs on delete cascade,
  total bigint not null,
  -- Members up to this position are in the ledger.
  done bigint not null default 0,
  state text not null default 'running' check (state in ('running', 'done', 'abandoned')),
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index one_running_scan on scans (job_id) where state = 'running';
create table scan_members (
  scan_id uuid not null references scans on delete cascade,
  position bigint not null,
  profile_id uuid not null,
  primary key (scan_id, position)
);

-- Every request that a send made.
create table requests (
  no bigint generated always as identity primary key,
  send_id uuid not null,
  job_id text not null references jobs on delete cascade,
  target text not null check (target in ('list', 'fields', 'memberships')),
  rows integer not null,
  status integer not null,
  error_code text,
  correlation_id text,
  duration_ms integer not null,
  at timestamptz not null default now()
);
create index requests_of_send on requests (send_id);

-- The ledger: every row that was sent, for whom, and its fate in each target. Never updated.
create table ledger (
  no bigint generated always as identity primary key,
  job_id text not null references jobs on delete cascade,
  profile_id uuid not null,
  change text not null check (change in ('enter', 'exit')),
  -- The profile's change number that the send read.
  change_no bigint not null,
  fate text not null,
  list_fate text,
  fields_fate text,
  memberships_fate text,
  riid text,
  -- Of each target that did not accept: {target, code, words}; words are Responsys' own.
  reasons jsonb,
  send_id uuid not null,
  at timestamptz not null default now()
);
create index ledger_of_profile on ledger (profile_id, job_id, no desc);

-- The latest line of the ledger of each member of a job.
create table job_members (
  job_id text not null references jobs on delete cascade,
  profile_id uuid not null,
  change text not null,
  change_no bigint not null,
  fate text not null,
  riid text,
  reason_code text,
  ledger_no bigint not null,
  at timestamptz not null default now(),
  primary key (job_id, profile_id)
);
create index job_members_not_accepted on job_members (job_id, fate, reason_code) where fate <> 'accepted';

-- How many members of a job have which fate; moved in the transaction that writes the ledger.
create table job_counts (
  job_id text not null references jobs on delete cascade,
  fate text not null,
  members bigint not null,
  primary key (job_id, fate)
);

-- Down Migration
drop table job_counts, job_members, ledger, requests, scan_members, scans, relay_positions, job_audiences, jobs, authorizations;
