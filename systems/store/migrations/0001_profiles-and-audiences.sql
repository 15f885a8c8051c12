-- Up Migration

-- What is known of people. `change_no` counts the changes of a profile: of its fields, identities and
-- memberships; a send records the number that it read, so that a newer one is seen when the send ends.
create table profiles (
  id uuid primary key default gen_random_uuid(),
  fields jsonb not null default '{}',
  change_no bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- The user fields that profiles have, with Lytics' kinds.
create table user_fields (
  name text primary key,
  kind text not null,
  created_at timestamptz not null default now()
);

-- Keys of the identities' hashes, sealed with the master key. The newest makes new hashes; older ones are
-- still looked up, so that a key can be rotated.
create table hash_keys (
  id smallint generated always as identity primary key,
  sealed_key bytea not null,
  created_at timestamptz not null default now()
);

-- The alias table: who a keyed hash of an identifier stands for.
create table identities (
  key_id smallint not null references hash_keys,
  hash bytea not null,
  field text not null,
  profile_id uuid not null references profiles on delete cascade,
  primary key (key_id, hash)
);
create index identities_of_profile on identities (profile_id);

create table audiences (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  -- Decided once, when the audience is made: neither a rename nor another job changes it.
  column_name text not null,
  created_at timestamptz not null default now()
);
create unique index audience_columns on audiences (upper(column_name));

-- A member that left keeps its row with is_member false: that it once belonged is what an exit needs to know.
create table audience_members (
  audience_id uuid not null references audiences on delete cascade,
  profile_id uuid not null references profiles on delete cascade,
  is_member boolean not null,
  changed_at timestamptz not null default now(),
  primary key (audience_id, profile_id)
);
create index memberships_of_profile on audience_members (profile_id);

-- The change log, written in the transaction of the change itself. The order is (tx, no): rows of
-- transactions below the oldest running one are complete, so a reader that stays below it misses none.
create table changes (
  no bigint generated always as identity primary key,
  tx xid8 not null default pg_current_xact_id(),
  audience_id uuid not null,
  profile_id uuid not null,
  change text not null check (change in ('enter', 'exit')),
  at timestamptz not null default now()
);
create index changes_in_order on changes (tx, no);

-- Files of people that were read, and the lines of them that were set aside.
create table audience_imports (
  id uuid primary key default gen_random_uuid(),
  audience_id uuid not null references audiences on delete cascade,
  file_name text not null,
  lines bigint not null default 0,
  taken bigint not null default 0,
  set_aside bigint not null default 0,
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create table set_aside_lines (
  import_id uuid not null references audience_imports on delete cascade,
  line bigint not null,
  reason text not null,
  primary key (import_id, line)
);

-- Down Migration
drop table set_aside_lines, audience_imports, changes, audience_members, audiences, identities, hash_keys, user_fields, profiles;
