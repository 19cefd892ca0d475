/** A network that came from outside and learns on beside the experts of an ensemble. */
import { adam, type Model } from "../engine/model/model.ts";
import type { CommitteeOptions } from "./committee.ts";
import { type NetworkExpertOptions, networkExpertModel, replayedLayers } from "./experts/network.ts";

/** Layers of the replayed network it was published from; its optimizer begins anew. */
const networkOptions = ({ features, classes, network, seed }: CommitteeOptions): NetworkExpertOptions => ({
  inputs: features,
  classes,
  layers: replayedLayers(classes),
  model: network ?? undefined,
  optimizer: adam({ learningRate: 0.001 }),
  seed,
});

/** The network of a guest in an ensemble with these options. */
export const guestModel = (options: CommitteeOptions): Model => networkExpertModel(networkOptions(options));
