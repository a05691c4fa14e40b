// One call of a pool that is one request: queued, run by a member, perhaps again by another.

import type { Limit } from '../limit.js';
import { whenReached } from './call_options.js';
import { codeOf } from './error_message.js';
import type { Job, Lane } from './lane.js';
import type { Member, Posted } from './member.js';
import { type Kind, type Requests, type Results, WRITES } from './protocol.js';

/** How often a read whose worker died is tried: it may be what kills them. */
const TRIES = 3;

/** What a call asks for. */
export interface CallPlan<K extends Kind> {
  readonly kind: K;
  readonly body: Requests[K];
  /** Buffers to hand over; none if it may be posted twice. */
  readonly transfer?: Transferable[];
  readonly limit: Limit | undefined;
  /** Whether it writes nothing, as far as is known: it may then be done twice. */
  readonly reads?: boolean;
  /** Who does it if it turns out to be a write; may throw instead. */
  readonly writer?: () => Lane;
}

/** A call that waits or runs. */
export class Call<K extends Kind> implements Job {
  readonly result: Promise<Exclude<Results[K], typeof WRITES>>;

  #lane: Lane;
  #tries = 0;
  #reads: boolean;
  #running: { readonly member: Member; readonly posted: Posted<K> } | undefined;
  #reason: { readonly reason: unknown } | undefined;
  #resolve!: (result: Exclude<Results[K], typeof WRITES>) => void;
  #reject!: (error: unknown) => void;
  readonly #unlimit: () => void;

  constructor(
    lane: Lane,
    readonly plan: CallPlan<K>,
  ) {
    this.#lane = lane;
    this.#reads = plan.reads === true;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#unlimit = whenReached(plan.limit, (reason) => this.#cancel(reason));
    lane.add(this);
  }

  #cancel(reason: unknown): void {
    this.#reason ??= { reason };
    if (this.#lane.remove(this)) this.fail(reason);
    if (this.#running === undefined) return;
    const { member, posted } = this.#running;
    member.cancel(posted.id);
    // What writes is waited for: until it has ended nobody knows whether it is committed.
    if (this.#reads) this.fail(reason);
  }

  async run(member: Member): Promise<void> {
    const { kind, body, transfer } = this.plan;
    this.#tries++;
    try {
      const posted = member.post(kind, body, transfer);
      this.#running = { member, posted };
      const result = await posted.answer;
      this.#running = undefined;
      if (result === WRITES) this.#passOn();
      else this.#succeed(result as Exclude<Results[K], typeof WRITES>);
    } catch (error) {
      this.#running = undefined;
      this.#failed(error);
    }
  }

  /** It writes after all. */
  #passOn(): void {
    const { writer } = this.plan;
    if (this.#reason !== undefined || writer === undefined) return;
    this.#reads = false;
    this.#lane = writer();
    this.#lane.add(this);
  }

  #failed(error: unknown): void {
    const code = codeOf(error);
    const cancelled = this.#reason;
    if (cancelled !== undefined && code === 'SQLITE_INTERRUPT') this.fail(cancelled.reason);
    else if (code !== 'WORKER_DIED' || !this.#reads || this.#tries >= TRIES || cancelled) {
      this.fail(error);
    } else this.#lane.add(this, true);
  }

  #succeed(result: Exclude<Results[K], typeof WRITES>): void {
    this.#unlimit();
    this.#resolve(result);
  }

  fail(error: unknown): void {
    this.#unlimit();
    this.#reject(error);
  }
}
