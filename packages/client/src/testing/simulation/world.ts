// A simulated world: a cloud, devices with tabs, each with a real client, and the witness who watches them. It does what a
// decision says, and nothing by itself.
import { parseDatasetName, type IdentityId } from "@holdfast/core";
import type { Definitions } from "../../api.ts";
import { createSyncClient } from "../../create-sync-client.ts";
import type { MemoryTable } from "../memory-table.ts";
import { seededRandom } from "../seeded-random.ts";
import { performCall } from "./app-calls.ts";
import type { Decision } from "./decision.ts";
import type { Device, Tab } from "./device.ts";
import { happen } from "./happenings.ts";
import type { Plan } from "./plan.ts";
import { Scheduler, type Lane } from "./scheduler.ts";
import { SimulatedCloud } from "./sim-cloud.ts";
import { SimulatedLocks } from "./sim-locks.ts";
import { simulatedRuntime } from "./sim-runtime.ts";
import { SimulatedStorage } from "./sim-store.ts";
import { Witness } from "./witness.ts";

/** 2026-01-01. */
const startedAt = 1_767_225_600_000;

/** Requests of a tab without any wait, and without anything new to it, that are a hot loop. */
const requestsMax = 200;

export class World {
  readonly plan: Plan;
  readonly scheduler = new Scheduler(startedAt);
  readonly cloud: SimulatedCloud;
  readonly witness: Witness;
  readonly devices: readonly Device[];
  readonly tabs: readonly Tab[];
  readonly violations: string[] = [];
  /** How often what has happened: faults, outcomes, kinds of conflicts. */
  readonly happenings = new Map<string, number>();
  /** Of each dataset's counter: how often apps asked to count it up, and were told that it is stored. */
  readonly counts = new Map<string, { asked: number; stored: number }>();
  operations = 0;
  /** Something has gone that no replica can bring back or prove: not all can be asked of the end. */
  wasRestored = false;
  wasEvicted = false;
  readonly writtenDirectly = new Set<string>();
  /** Of each table, what a backup would bring back. */
  readonly backups = new Map<IdentityId, () => void>();

  constructor(plan: Plan) {
    this.plan = plan;
    this.witness = new Witness({
      violate: (what) => this.violate(what),
      happened: (what) => this.happened(what),
      wasRestored: () => this.wasRestored,
      wasWrittenDirectly: (dataset) => this.writtenDirectly.has(dataset),
    });
    this.cloud = new SimulatedCloud(
      this.scheduler,
      {
        sent: (tab) => this.#noteRequest(tab),
        happened: (what) => this.happened(what),
        isFaulty: (fault) => plan.faults.has(fault),
      },
      (identity, table) => this.#watchTable(identity, table),
    );
    this.cloud.pageSize = plan.pageSize;
    this.cloud.isClockCorrected = plan.isClockCorrected;
    this.devices = plan.devices.map((tabs, index) => this.#device("abcdefgh".charAt(index), tabs));
    this.tabs = this.devices.flatMap(({ tabs }) => tabs);
    for (const tab of this.tabs) this.start(tab);
  }

  /** False: what it names is not there now, so nothing happens. */
  perform(decision: Decision): boolean {
    switch (decision.type) {
      case "task": {
        const lane = this.scheduler.active.find(
          ({ name, tasks, owner }) =>
            name === decision.lane && tasks[0]?.name === decision.task && owner?.isFrozen !== true,
        );
        if (lane) this.scheduler.take(lane, decision.fault);
        return lane !== undefined;
      }
      case "time":
        return this.scheduler.passTime();
      case "call": {
        const tab = this.tabs.find(({ name }) => name === decision.tab);
        if (tab?.client == null || tab.isFrozen) return false;
        tab.requests = 0;
        return performCall(this, tab, decision);
      }
      case "fault":
        return happen(this, decision);
    }
  }

  /** The lanes of which something may happen now. */
  get lanes(): readonly Lane[] {
    return this.scheduler.active.filter(({ owner }) => owner?.isFrozen !== true);
  }

  violate(what: string): void {
    if (!this.violations.includes(what)) this.violations.push(what);
  }

  happened(what: string): void {
    this.happenings.set(what, (this.happenings.get(what) ?? 0) + 1);
  }

  /** The page opens. */
  start(tab: Tab): void {
    const { plan, scheduler } = this;
    const { device } = tab;
    tab.life += 1;
    tab.isAlive = true;
    tab.isFrozen = false;
    tab.requests = 0;
    tab.inbox = scheduler.lane(`${tab.name} inbox`, tab);
    tab.answers = scheduler.lane(`${tab.name} answers`, tab);
    const random = seededRandom((plan.seed * 31 + this.tabs.indexOf(tab)) * 4_099 + tab.life);
    const datasets: Definitions = Object.fromEntries(plan.datasets.map(({ name, resolver }) => [name, { resolver }]));
    const client = createSyncClient<Definitions>({
      cloud: this.cloud.for(tab),
      storage: device.storage.for(tab),
      runtime: simulatedRuntime(tab, device, scheduler, random),
      datasets,
      autoSync: plan.isAutomatic,
    });
    tab.client = client;
    client.status.subscribe(() => {
      if (tab.client === client && client.status.getSnapshot().state === "saved") this.#checkSaved(tab);
    });
  }

  /** The page goes, whatever it was doing; of its local transactions that are under way the first `kept` still happen. */
  stop(tab: Tab, kept: number): void {
    tab.isAlive = false;
    tab.client = null;
    tab.device.storage.end(tab, kept);
    this.scheduler.forget(tab);
    tab.device.locks.forget(tab);
    for (const channel of tab.device.channels) if (channel.tab === tab) tab.device.channels.delete(channel);
    tab.listeners.clear();
    tab.calls.clear();
    tab.unsaved = [];
  }

  #device(name: string, tabCount: number): Device {
    const { scheduler, witness } = this;
    const tabs: Tab[] = [];
    const device: Device = {
      name,
      storage: new SimulatedStorage(scheduler, name, {
        committed: (...what) => witness.committed(...what),
        noted: (...what) => witness.noted(...what),
        happened: (what) => this.happened(what),
      }),
      locks: new SimulatedLocks(scheduler, name),
      ...{ channels: new Set(), tabs, isOnline: true, clockOffset: 0, measuredOffset: 0 },
    };
    for (let index = 1; index <= tabCount; index += 1) {
      const lane = scheduler.lane(`${name}${index}`);
      tabs.push({
        ...{ name: `${name}${index}`, device, life: 0, client: null, isAlive: false, isFrozen: false, isVisible: true },
        ...{ inbox: lane, answers: lane, listeners: new Set(), calls: new Set(), requests: 0, unsaved: [] },
      });
    }
    return device;
  }

  #watchTable(identity: IdentityId, table: MemoryTable): void {
    table.onCommit = (dataset, attempt, replaced) => {
      this.witness.landed(identity, dataset, attempt, replaced, table);
      for (const tab of this.tabs) tab.requests = 0;
    };
  }

  #noteRequest(tab: Tab): void {
    tab.requests += 1;
    if (tab.requests > requestsMax) this.violate(`${tab.name} asks the cloud again and again without any wait`);
  }

  /** What this tab's app was told is stored must be in the cloud by then, or named in a conflict. */
  #checkSaved(tab: Tab): void {
    tab.unsaved = tab.unsaved.filter((write) => !this.witness.isAccountedFor(write));
    // What another tab has just moved to another identity by a sign-in is not this one's to tell, until it follows.
    const identity = tab.client?.identity.getSnapshot().identityId ?? null;
    const lost = tab.unsaved.find(({ home }) => home === null || home === identity);
    if (!lost || this.wasRestored) return;
    this.violate(
      `${tab.name} says "saved", but its ${lost.type} ${lost.id} of ${lost.dataset} ${lost.key} is not in the cloud`,
    );
  }

  /** The values that a table holds. */
  cloudValues(identity: IdentityId, dataset: string) {
    return this.cloud.table(identity).values(parseDatasetName(dataset));
  }
}
