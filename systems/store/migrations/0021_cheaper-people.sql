-- Up Migration

-- A foreign key is checked for each row, and took as long as the row and its indexes. Whoever writes identities has made
-- the profiles or holds off merges, by which alone a profile goes, its identities along with it; a key of hashes stays.
alter table identities
  drop constraint identities_key_id_fkey,
  drop constraint identities_profile_id_fkey;

-- A person of forty events is 4 to 8 kB. To pack it, and unpack it wherever it is read, took a sixth of what the store
-- did in an import of known people.
alter table profiles set (toast_tuple_target = 8160);

-- Down Migration
alter table profiles set (toast_tuple_target = 4096);
delete from identities where not exists (select from profiles where id = profile_id);
alter table identities
  add constraint identities_key_id_fkey foreign key (key_id) references hash_keys,
  add constraint identities_profile_id_fkey foreign key (profile_id) references profiles on delete cascade;
