import { open } from 'sharedwal';

addEventListener('message', async ({ data: { runtime, wasmModule } }) => {
  const db = await open(runtime, { wasmModule });
  console.log({
    standard: {
      journal: db.pragma('journal_mode', { simple: true }),
      sum: db.prepare('SELECT 1 + 2 + 3').pluck().get(),
    },
  });
});
