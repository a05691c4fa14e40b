import { open } from 'sharedwal/slim';

addEventListener('message', async ({ data: { runtime, wasmModule } }) => {
  const db = await open(runtime, { wasmModule });
  console.log({
    slim: {
      journal: db.pragma('journal_mode', { simple: true }),
      sum: db.prepare('SELECT 1 + 2 + 3').pluck().get(),
    },
  });
});
