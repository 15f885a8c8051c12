-- Up Migration

-- Accounts of Responsys by `accountName`; '' stands for those whose name is not known before the first login.
create table governor_accounts (
  account text primary key,
  limits_read_at timestamptz
);

-- Which account an authorization was found to log in to, so that its later logins are governed there.
create table governor_authorizations (
  authorization_id text primary key references authorizations on delete cascade,
  version integer not null,
  account text not null
);

-- What Responsys limits by the minute. The row is locked while slots are given, so that no two see the same.
create table governor_functions (
  account text not null,
  -- The function's name in the account.
  api text not null,
  -- Our names of it: an account may count several of them as one.
  functions text[] not null,
  calls_per_minute integer not null,
  is_assumed boolean not null,
  throttled_until timestamptz,
  -- When bulk was last given slots: what its pace is measured from.
  bulk_at timestamptz not null default now(),
  primary key (account, api)
);

-- Slots that are not free before `free_at`: leased to a worker, or used by a call that has ended (no worker).
create table governor_slots (
  id bigint generated always as identity primary key,
  account text not null,
  api text not null,
  slots integer not null,
  worker text,
  free_at timestamptz not null
);
create index governor_slots_taken on governor_slots (account, api, free_at);

-- Calls that wait in some worker; a row that was not seen for a few seconds counts no more.
create table governor_waiting (
  account text not null,
  api text not null,
  worker text not null,
  lane text not null,
  -- '' where no job calls.
  job_id text not null,
  calls integer not null,
  seen_at timestamptz not null,
  primary key (account, api, worker, lane, job_id)
);

-- Down Migration
drop table governor_waiting, governor_slots, governor_functions, governor_authorizations, governor_accounts;
