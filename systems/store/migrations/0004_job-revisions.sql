-- Up Migration

-- Changes with the configuration: whoever changes a job says which revision it knew, and the next one's id.
alter table jobs add column revision uuid not null default gen_random_uuid();

-- Down Migration
alter table jobs drop column revision;
