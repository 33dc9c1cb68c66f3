// A Live of whatever dataset is current: it goes along when the identity changes.
import type { Live } from "./api.ts";
import type { OpenDataset } from "./open-dataset.ts";

export interface DatasetSource {
  /** null before the vault is open. Starts opening it. */
  readonly current: () => OpenDataset | null;
  readonly onSwitch: (listener: () => void) => () => void;
}

export class FollowingLive<S> implements Live<S> {
  readonly #source: DatasetSource;
  readonly #make: (dataset: OpenDataset) => Live<S>;
  readonly #loading: S;
  #made: { readonly dataset: OpenDataset; readonly live: Live<S> } | null = null;

  constructor(source: DatasetSource, loading: S, make: (dataset: OpenDataset) => Live<S>) {
    this.#source = source;
    this.#loading = loading;
    this.#make = make;
  }

  readonly getSnapshot = (): S => this.#live()?.getSnapshot() ?? this.#loading;
  readonly getServerSnapshot = (): S => this.#loading;

  readonly subscribe = (listener: () => void): (() => void) => {
    let stop = this.#live()?.subscribe(listener);
    let shown = this.#made?.dataset;
    const stopFollowing = this.#source.onSwitch(() => {
      const live = this.#live();
      if (this.#made?.dataset === shown) return;
      stop?.();
      shown = this.#made?.dataset;
      stop = live?.subscribe(listener);
      // Also where nothing may be shown any more: what stood there was another identity's.
      listener();
    });
    return () => {
      stopFollowing();
      stop?.();
    };
  };

  #live(): Live<S> | null {
    const dataset = this.#source.current();
    if (dataset === null) {
      this.#made = null;
      return null;
    }
    if (this.#made?.dataset !== dataset) this.#made = { dataset, live: this.#make(dataset) };
    return this.#made.live;
  }
}
