import { memo, useState } from 'react';
import { pool, runtime } from './database.js';
import { useLive } from './use_live.js';

export function App() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <h1>To do</h1>
      <Counts />
      <Add />
      <label>
        <input type="checkbox" checked={open} onChange={() => setOpen(!open)} /> only what is open
      </label>
      <List most={open ? 0 : 1} />
      <button type="button" id="worker" onClick={addInWorker}>
        Let a worker add 100
      </button>
    </>
  );
}

function Counts() {
  const rows = useLive('SELECT count(*) AS n, count(*) FILTER (WHERE done) AS done FROM todos');
  if (rows === undefined) return <p>…</p>;
  const [{ n, done }] = rows;
  return (
    <p id="counts">
      {done} of {n} done
    </p>
  );
}

function Add() {
  const add = async (form) => {
    await pool.sql`INSERT INTO todos (title) VALUES (${form.get('title')})`;
  };
  return (
    <form action={add}>
      <input name="title" required placeholder="What is to be done?" />
      <button type="submit">Add</button>
    </form>
  );
}

function List({ most }) {
  const rows = useLive('SELECT * FROM todos WHERE done <= ? ORDER BY id DESC LIMIT 50', most);
  return (
    <ul>
      {rows?.map((todo) => (
        <Todo key={todo.id} todo={todo} />
      ))}
    </ul>
  );
}

// A row that has not changed is the same object as before: it is not rendered again.
const Todo = memo(({ todo: { id, title, done } }) => (
  <li>
    <label className={done ? 'done' : ''}>
      <input
        type="checkbox"
        checked={done === 1}
        onChange={() => pool.sql`UPDATE todos SET done = 1 - done WHERE id = ${id}`}
      />{' '}
      {title}
    </label>{' '}
    <button type="button" onClick={() => pool.sql`DELETE FROM todos WHERE id = ${id}`}>
      Delete
    </button>
  </li>
));

/** Not by the pool: the queries hear of it all the same. */
function addInWorker() {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.postMessage({ runtime, count: 100 });
  worker.onmessage = () => worker.terminate();
}
