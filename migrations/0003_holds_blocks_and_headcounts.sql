-- Why: holds for parties on the road, blocks of places, headcounts beside the balance; effects name the stay and the hold
--   that they came from, so that a cancellation finds what to take back.
-- Locks: writes to `place_balances`, `place_effects` and `stays` while two columns are added (no rewrite) and the
--   partial indexes are built; on a large `place_effects` build that index concurrently before.
-- Undo: drop the three tables, the columns and the indexes.
CREATE TABLE "blocks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"places" integer NOT NULL,
	"reason" text NOT NULL,
	"note" text,
	"until" timestamp(3) with time zone,
	"blocked_at" timestamp(3) with time zone NOT NULL,
	"lifted_at" timestamp(3) with time zone,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "headcounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"people" integer NOT NULL,
	"occupied" integer NOT NULL,
	"method" text NOT NULL,
	"counted_at" timestamp(3) with time zone NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	"settled_at" timestamp(3) with time zone,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "holds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"people" integer NOT NULL,
	"remaining" integer NOT NULL,
	"status" text NOT NULL,
	"party" text NOT NULL,
	"origin" text,
	"expected_at" timestamp(3) with time zone,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"placed_at" timestamp(3) with time zone NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "a_hold_keeps_no_more_than_it_did" CHECK ("holds"."remaining" between 0 and "holds"."people")
);
--> statement-breakpoint
ALTER TABLE "place_balances" ADD COLUMN "unattributed" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "place_effects" ADD COLUMN "stay" uuid;--> statement-breakpoint
ALTER TABLE "place_effects" ADD COLUMN "hold" uuid;--> statement-breakpoint
CREATE INDEX "blocks_by_shelter" ON "blocks" USING btree ("shelter");--> statement-breakpoint
CREATE INDEX "headcounts_by_shelter" ON "headcounts" USING btree ("shelter","counted_at");--> statement-breakpoint
CREATE INDEX "live_holds_by_end" ON "holds" USING btree ("expires_at") WHERE "holds"."status" = 'live';--> statement-breakpoint
CREATE INDEX "live_holds_by_shelter" ON "holds" USING btree ("shelter") WHERE "holds"."status" = 'live';--> statement-breakpoint
CREATE INDEX "place_effects_by_stay" ON "place_effects" USING btree ("stay") WHERE "place_effects"."stay" is not null;--> statement-breakpoint
CREATE INDEX "stays_by_origin" ON "stays" USING btree ("transferred_from") WHERE "stays"."transferred_from" is not null;