-- Up Migration

-- An audience is a list, or a rule: who matches its filter belongs to it. What a rule reads, which audiences it
-- includes and whether it depends on time is in its text, together with the kinds of the fields.
alter table audiences
  add column filter text,
  -- Everybody is still to be looked at by this rule: it is new or changed, or a field has another kind. The id is
  -- of what made it so: who has looked at everybody since settles that one, and no later one.
  add column owed uuid,
  -- From when on the schedule sees to it, where whoever made the rule did not live to.
  add column owed_from timestamptz,
  add constraint audience_rules_check check (owed is null or (filter is not null and owed_from is not null));

-- When a profile is next to be looked at by the rules that depend on time: never later than the answer of one of
-- them may change. Without foreign key, which would be checked for each row; who is gone is found when due.
create table due_profiles (
  profile_id uuid primary key,
  due_at timestamptz not null
);
create index due_profiles_in_order on due_profiles (due_at);

-- Down Migration
drop table due_profiles;
alter table audiences drop column filter, drop column owed, drop column owed_from;
