-- Why: no entry of the journal is ever changed or removed (rule 4), whoever holds the connection; and the journal
--   needs a head before its first entry, 32 zero bytes before the first hash.
-- Locks: nothing that is in use; the tables are new.
-- Undo: drop trigger journal_is_final on journal; drop trigger journal_is_never_emptied on journal;
--   drop function refuse_change_of_journal(); delete from journal_head.
create function refuse_change_of_journal() returns trigger
language plpgsql
as $$
begin
  raise exception 'the journal is final: % is refused', tg_op
    using errcode = 'restrict_violation', hint = 'A mistake is corrected by a further entry.';
end
$$;
--> statement-breakpoint
create trigger journal_is_final
before update or delete on journal
for each row execute function refuse_change_of_journal();
--> statement-breakpoint
create trigger journal_is_never_emptied
before truncate on journal
for each statement execute function refuse_change_of_journal();
--> statement-breakpoint
insert into journal_head (seq, hash, recorded_at)
values (0, decode(repeat('00', 32), 'hex'), '2000-01-01T00:00:00Z');
--> statement-breakpoint
-- The hot rows are updated at every commit: room on their pages keeps the updates away from the indexes.
alter table place_balances set (fillfactor = 50);
--> statement-breakpoint
alter table region_totals set (fillfactor = 20);
--> statement-breakpoint
alter table region_day_sums set (fillfactor = 50);
--> statement-breakpoint
alter table shelter_day_sums set (fillfactor = 70);
--> statement-breakpoint
alter table journal_head set (fillfactor = 10);
