-- Up Migration

-- Logins that Responsys refused. No worker logs in again with that version of an authorization: repeated
-- failures lock the user.
create table login_refusals (
  authorization_id text primary key references authorizations on delete cascade,
  version integer not null,
  kind text not null,
  error_code text,
  -- In the reader's words.
  message text not null,
  at timestamptz not null default now()
);

-- Whom a walk goes through: a source audience, or the rejected members of a job again.
alter table scans add column kind text not null default 'audience' check (kind in ('audience', 'retry'));

-- What a job has sent since its fuse last looked, and how much of it was rejected.
create table job_fuses (
  job_id text primary key references jobs on delete cascade,
  sent bigint not null,
  rejected bigint not null
);

update jobs set configuration = '{"stopWhenRejected": 50}' || configuration;

-- Down Migration
drop table job_fuses, login_refusals;
alter table scans drop column kind;
