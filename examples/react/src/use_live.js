import { useMemo, useSyncExternalStore } from 'react';
import { pool } from './database.js';

/**
 * The rows of a query, kept up to date: the component is rendered again when a commit of anybody, in
 * whatever worker, has changed them. The query runs in a worker, and only while a component uses it.
 * Undefined before the first result.
 */
export function useLive(sql, ...params) {
  const key = JSON.stringify(params);
  const live = useMemo(() => pool.live(sql, JSON.parse(key)), [sql, key]);
  const { rows, error } = useSyncExternalStore(live.subscribe, live.getSnapshot);
  if (error) throw error;
  return rows;
}
