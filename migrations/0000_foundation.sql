-- Why: the tables of the foundation: the register, the ledger of places with its sums, the journal, and who may call.
-- Locks: nothing that is in use; all tables are new.
-- Undo: drop the tables.
CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"principal" uuid NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"label" text,
	"created_at" timestamp(3) with time zone NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	CONSTRAINT "a_secret_hash_is_32_bytes" CHECK (octet_length("api_keys"."secret_hash") = 32)
);
--> statement-breakpoint
CREATE TABLE "principals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"role" text NOT NULL,
	"regions" text[] DEFAULT '{}' NOT NULL,
	"shelters" uuid[] DEFAULT '{}' NOT NULL,
	"overflow" boolean NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"disabled_at" timestamp(3) with time zone,
	CONSTRAINT "known_kind_of_principal" CHECK ("principals"."kind" in ('person', 'device', 'partner_system')),
	CONSTRAINT "known_role" CHECK ("principals"."role" in ('national_coordinator', 'regional_coordinator', 'shelter_staff', 'logistics', 'partner', 'auditor', 'admin'))
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"principal" uuid NOT NULL,
	"key" text NOT NULL,
	"operation" text NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"status" smallint NOT NULL,
	"answer" text NOT NULL,
	"first_seq" bigint NOT NULL,
	"last_seq" bigint NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "commands_pkey" PRIMARY KEY("principal","key")
);
--> statement-breakpoint
CREATE TABLE "journal" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	"shelter" uuid,
	"entry" text NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "journal_head" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"seq" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "there_is_one_head" CHECK ("journal_head"."only")
);
--> statement-breakpoint
CREATE TABLE "journal_seals" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"salt" "bytea" NOT NULL,
	"actor" text NOT NULL,
	"client" text NOT NULL,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "household_references" (
	"household" uuid PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"reference_key" text NOT NULL,
	CONSTRAINT "one_household_per_reference" UNIQUE("reference_key")
);
--> statement-breakpoint
CREATE TABLE "place_balances" (
	"shelter" uuid PRIMARY KEY NOT NULL,
	"region" text NOT NULL,
	"places" integer NOT NULL,
	"blocked" integer NOT NULL,
	"occupied" integer NOT NULL,
	"held" integer NOT NULL,
	"emergency" integer NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "never_more_people_than_places" CHECK ("place_balances"."occupied" + "place_balances"."held" + "place_balances"."blocked" <= "place_balances"."places"),
	CONSTRAINT "nothing_below_zero" CHECK ("place_balances"."places" >= 0 and "place_balances"."blocked" >= 0 and "place_balances"."occupied" >= 0 and "place_balances"."held" >= 0),
	CONSTRAINT "emergency_places_are_places" CHECK ("place_balances"."emergency" between 0 and "place_balances"."places")
);
--> statement-breakpoint
CREATE TABLE "place_effects" (
	"seq" bigint NOT NULL,
	"ordinal" integer NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"places" integer NOT NULL,
	"blocked" integer NOT NULL,
	"occupied" integer NOT NULL,
	"held" integer NOT NULL,
	"emergency" integer NOT NULL,
	"shelters" integer NOT NULL,
	"arrived" integer NOT NULL,
	"departed" integer NOT NULL,
	"transferred_in" integer NOT NULL,
	"transferred_out" integer NOT NULL,
	CONSTRAINT "place_effects_pkey" PRIMARY KEY("seq","ordinal")
);
--> statement-breakpoint
CREATE TABLE "private_notes" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"shelter" uuid,
	"stay" uuid,
	"destination" text,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "region_day_sums" (
	"region" text NOT NULL,
	"day" date NOT NULL,
	"places" integer NOT NULL,
	"blocked" integer NOT NULL,
	"occupied" integer NOT NULL,
	"held" integer NOT NULL,
	"emergency" integer NOT NULL,
	"shelters" integer NOT NULL,
	"arrived" integer NOT NULL,
	"departed" integer NOT NULL,
	"transferred_in" integer NOT NULL,
	"transferred_out" integer NOT NULL,
	CONSTRAINT "region_day_sums_pkey" PRIMARY KEY("region","day")
);
--> statement-breakpoint
CREATE TABLE "region_totals" (
	"region" text PRIMARY KEY NOT NULL,
	"places" integer NOT NULL,
	"blocked" integer NOT NULL,
	"occupied" integer NOT NULL,
	"held" integer NOT NULL,
	"emergency" integer NOT NULL,
	"shelters" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "shelter_day_sums" (
	"shelter" uuid NOT NULL,
	"day" date NOT NULL,
	"places" integer NOT NULL,
	"blocked" integer NOT NULL,
	"occupied" integer NOT NULL,
	"held" integer NOT NULL,
	"emergency" integer NOT NULL,
	"shelters" integer NOT NULL,
	"arrived" integer NOT NULL,
	"departed" integer NOT NULL,
	"transferred_in" integer NOT NULL,
	"transferred_out" integer NOT NULL,
	CONSTRAINT "shelter_day_sums_pkey" PRIMARY KEY("shelter","day")
);
--> statement-breakpoint
CREATE TABLE "stay_details" (
	"stay" uuid PRIMARY KEY NOT NULL,
	"composition" jsonb,
	"needs" jsonb
);
--> statement-breakpoint
CREATE TABLE "stays" (
	"id" uuid PRIMARY KEY NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"household" uuid NOT NULL,
	"people" integer NOT NULL,
	"people_arrived" integer NOT NULL,
	"status" text NOT NULL,
	"arrived_at" timestamp(3) with time zone NOT NULL,
	"departed_at" timestamp(3) with time zone,
	"transferred_from" uuid,
	"seq" bigint NOT NULL,
	CONSTRAINT "a_stay_has_no_fewer_than_nobody" CHECK ("stays"."people" between 0 and "stays"."people_arrived")
);
--> statement-breakpoint
CREATE TABLE "regions" (
	"code" text PRIMARY KEY NOT NULL,
	"name_hy" text NOT NULL,
	"name_ru" text NOT NULL,
	"name_en" text NOT NULL,
	"latitude" double precision NOT NULL,
	"longitude" double precision NOT NULL,
	"west" double precision NOT NULL,
	"south" double precision NOT NULL,
	"east" double precision NOT NULL,
	"north" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "shelters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"region" text NOT NULL,
	"latitude" double precision NOT NULL,
	"longitude" double precision NOT NULL,
	"status" text NOT NULL,
	"community" text,
	"address" text,
	"location_accuracy" text,
	"facts" jsonb NOT NULL,
	"operator" text,
	"operator_kind" text,
	"contact" text,
	"available_until" timestamp(3) with time zone,
	"public_listing" boolean NOT NULL,
	"closed_at" timestamp(3) with time zone,
	"version" integer NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "one_shelter_per_code" UNIQUE("code")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_principal_principals_id_fk" FOREIGN KEY ("principal") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_by_principal" ON "api_keys" USING btree ("principal");--> statement-breakpoint
CREATE INDEX "journal_by_recorded_at" ON "journal" USING btree ("recorded_at");--> statement-breakpoint
CREATE INDEX "place_effects_by_moment" ON "place_effects" USING btree ("at");--> statement-breakpoint
CREATE INDEX "place_effects_by_shelter" ON "place_effects" USING btree ("shelter","at");--> statement-breakpoint
CREATE INDEX "private_notes_by_stay" ON "private_notes" USING btree ("stay");--> statement-breakpoint
CREATE INDEX "stays_by_shelter" ON "stays" USING btree ("shelter","id");--> statement-breakpoint
CREATE INDEX "stays_by_household" ON "stays" USING btree ("household");--> statement-breakpoint
CREATE INDEX "shelters_by_region" ON "shelters" USING btree ("region","code");