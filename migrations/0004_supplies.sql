-- Why: food and medicine beside heads: items and needs, warehouses, stock lot by lot with its movements, services,
--   consignments, the standards that the service judges by, and alerts.
-- Locks: nothing that is in use; the tables are new.
-- Undo: drop table alert_acknowledgements, alerts, consignments, health_services, meal_services, standards,
--   stock_movements, stock_effects, stock, warehouses, needs, items.
CREATE TABLE "alert_acknowledgements" (
	"alert" uuid PRIMARY KEY NOT NULL,
	"acknowledged_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"cause" text NOT NULL,
	"rank" smallint NOT NULL,
	"shelter" uuid,
	"region" text,
	"about" jsonb NOT NULL,
	"since" timestamp(3) with time zone NOT NULL,
	"closed_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "consignments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reference" text NOT NULL,
	"sender" text NOT NULL,
	"origin" text NOT NULL,
	"corridor" text,
	"store" uuid NOT NULL,
	"shelter" uuid,
	"region" text NOT NULL,
	"expected_at" timestamp(3) with time zone,
	"vehicles" jsonb NOT NULL,
	"gross_weight_kg" integer,
	"lines" jsonb NOT NULL,
	"status" text NOT NULL,
	"checkpoints" jsonb NOT NULL,
	"announced_at" timestamp(3) with time zone NOT NULL,
	"dispatched_at" timestamp(3) with time zone,
	"received_at" timestamp(3) with time zone,
	"cancelled_at" timestamp(3) with time zone,
	"cancellation" text,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "health_services" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"shelter" uuid,
	"provider" text NOT NULL,
	"latitude" double precision NOT NULL,
	"longitude" double precision NOT NULL,
	"weekdays" smallint[],
	"starts_on" date NOT NULL,
	"ends_on" date,
	"created_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "meal_services" (
	"id" uuid PRIMARY KEY NOT NULL,
	"shelter" uuid NOT NULL,
	"region" text NOT NULL,
	"provider" text NOT NULL,
	"meals_per_day" integer NOT NULL,
	"starts_on" date NOT NULL,
	"ends_on" date,
	"created_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "standards" (
	"code" text PRIMARY KEY NOT NULL,
	"value" double precision NOT NULL,
	"source" text NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "items" (
	"code" text PRIMARY KEY NOT NULL,
	"names" jsonb NOT NULL,
	"category" text NOT NULL,
	"unit" text NOT NULL,
	"decimals" smallint NOT NULL,
	"kcal_per_unit" integer,
	"atc_code" text,
	"storage" text NOT NULL,
	"controlled" boolean NOT NULL,
	"version" integer NOT NULL,
	"created_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "needs" (
	"code" text PRIMARY KEY NOT NULL,
	"names" jsonb NOT NULL,
	"item" text,
	"daily" bigint,
	"source" text,
	"updated_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stock" (
	"store" uuid NOT NULL,
	"item" text NOT NULL,
	"lot" text NOT NULL,
	"expires_on" date NOT NULL,
	"usable" bigint NOT NULL,
	"quarantined" bigint NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "stock_pkey" PRIMARY KEY("store","item","expires_on","lot"),
	CONSTRAINT "stock_is_never_negative" CHECK ("stock"."usable" >= 0 and "stock"."quarantined" >= 0)
);
--> statement-breakpoint
CREATE TABLE "stock_effects" (
	"seq" bigint NOT NULL,
	"ordinal" integer NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"store" uuid NOT NULL,
	"item" text NOT NULL,
	"lot" text NOT NULL,
	"expires_on" date NOT NULL,
	"usable" bigint NOT NULL,
	"quarantined" bigint NOT NULL,
	CONSTRAINT "stock_effects_pkey" PRIMARY KEY("seq","ordinal")
);
--> statement-breakpoint
CREATE TABLE "stock_movements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"store" uuid NOT NULL,
	"to_store" uuid,
	"region" text NOT NULL,
	"lines" jsonb NOT NULL,
	"reason" text,
	"note" text,
	"consignment" uuid,
	"occurred_at" timestamp(3) with time zone NOT NULL,
	"recorded_at" timestamp(3) with time zone NOT NULL,
	"reversed_at" timestamp(3) with time zone,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "warehouses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"code" text,
	"name" text NOT NULL,
	"region" text NOT NULL,
	"latitude" double precision,
	"longitude" double precision,
	"created_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "one_warehouse_per_code" UNIQUE("code")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "one_open_alert_for_one_cause" ON "alerts" USING btree ("cause") WHERE "alerts"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "alerts_by_rank" ON "alerts" USING btree ("rank","since","id");--> statement-breakpoint
CREATE INDEX "meal_services_by_shelter" ON "meal_services" USING btree ("shelter");--> statement-breakpoint
CREATE INDEX "stock_effects_by_store" ON "stock_effects" USING btree ("store","item","at");--> statement-breakpoint
CREATE INDEX "stock_movements_by_store" ON "stock_movements" USING btree ("store","id");--> statement-breakpoint
CREATE INDEX "stock_movements_by_target" ON "stock_movements" USING btree ("to_store","id") WHERE "stock_movements"."to_store" is not null;--> statement-breakpoint
CREATE INDEX "stock_movements_by_consignment" ON "stock_movements" USING btree ("consignment") WHERE "stock_movements"."consignment" is not null;--> statement-breakpoint
-- A lot that is used often is changed often: room on its page keeps the updates away from the index.
ALTER TABLE "stock" SET (fillfactor = 70);
