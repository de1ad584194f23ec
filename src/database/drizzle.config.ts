import { defineConfig } from 'drizzle-kit'

/** `npx drizzle-kit generate --config src/database/drizzle.config.ts --name what_it_adds` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/database/tables/*.ts',
  out: './migrations',
})
