/**
 * The description of a daemon for Home Assistant, which shows one device with its sensors: a message of its MQTT discovery
 * of devices (home-assistant.io/integrations/mqtt, "Device discovery payload").
 */
import type { Health, StatusDocument } from "../../status/document.ts";

/** Returns the topic at which Home Assistant looks for the description of a device. */
export const discoveryTopic = (prefix: string, name: string): string =>
  `${prefix}/device/rivulet-${idOf(name)}/config`;

const idOf = (name: string) => name.replaceAll(/[^A-Za-z0-9_-]/g, "-");

/** So many times the interval without a status, and the values count as unknown. */
const missedStatuses = 3;

interface Sensor {
  id: string;
  name: string;
  value: string;
  unit?: string;
  deviceClass?: string;
  /** The words that it may be; without them it is a number. */
  words?: readonly string[];
  isDiagnostic?: boolean;
}

const healths: readonly Health[] = [
  "learning",
  "watching",
  "paused",
  "predicting",
  "waiting",
  "hung",
  "ended",
];

function scoreSensors(scores: StatusDocument["scores"]): Sensor[] {
  if (!("accuracy" in scores))
    return [{ id: "error", name: "Mean error lately", value: "value_json.scores.fadingMae | round(4)" }];
  return [
    {
      id: "accuracy",
      name: "Accuracy lately",
      value: "(value_json.scores.slidingAccuracy * 100) | round(1)",
      unit: "%",
    },
  ];
}

/** What the state of a daemon has for sensors: templates that read it. */
function sensorsOf(scores: StatusDocument["scores"] | null, watches: boolean): Sensor[] {
  return [
    ...(watches
      ? [
          { id: "anomaly", name: "What is unlike normal", value: "value_json.anomaly.text", words: [] },
          { id: "evidence", name: "Evidence of an anomaly", value: "value_json.anomaly.evidence | round(1)" },
        ]
      : []),
    ...(scores === null ? [] : scoreSensors(scores)),
    { id: "health", name: "Health", value: "value_json.health", deviceClass: "enum", words: healths },
    {
      id: "rate",
      name: "Samples a second",
      value: "value_json.samples.perSecond",
      unit: "1/s",
      isDiagnostic: true,
    },
    {
      id: "memory",
      name: "Memory",
      value: "(value_json.memory.residentBytes / 1048576) | round(1)",
      unit: "MiB",
      deviceClass: "data_size",
      isDiagnostic: true,
    },
  ];
}

/** How Home Assistant keeps the course of a sensor: statistics of a number, the words of an enumeration, else nothing. */
function kindOf({ unit, deviceClass, words }: Sensor): object {
  return {
    ...(unit === undefined ? {} : { unit_of_measurement: unit }),
    ...(deviceClass === undefined ? {} : { device_class: deviceClass }),
    ...(words === undefined ? { state_class: "measurement" } : {}),
    ...(words === undefined || words.length === 0 ? {} : { options: words }),
  };
}

/** What is known of a daemon besides its state. */
export interface DiscoveryOptions {
  /** Topic of the daemon. */
  topic: string;
  /** Time between two statuses, in milliseconds. */
  everyMs: number;
  /** Whether the config has `predictions.alarm`; without it, and without `anomaly`, nothing comes to the topic of alarms. */
  hasAlarm: boolean;
}

/** Describes a daemon as a device with its sensors, for Home Assistant. */
export function discoveryOf(document: StatusDocument, options: DiscoveryOptions): object {
  const { name, version, target } = document;
  const id = `rivulet-${idOf(name)}`;
  const components = Object.entries(componentsOf(document, options));
  return {
    device: {
      identifiers: [id],
      name,
      manufacturer: "Rivulet",
      model: target === null ? "watches for anomalies" : `predicts ${target.column}`,
      sw_version: version,
    },
    origin: { name: "Rivulet", sw_version: version },
    availability_topic: `${options.topic}/availability`,
    components: Object.fromEntries(
      components.map(([key, component]) => [key, { unique_id: `${id}-${key}`, ...component }]),
    ),
  };
}

/** What Home Assistant shows of the device, by keys that are unique within it. */
function componentsOf(
  { target, scores, anomaly }: StatusDocument,
  { topic, everyMs, hasAlarm }: DiscoveryOptions,
): Record<string, object> {
  const status = {
    state_topic: `${topic}/status`,
    expire_after: Math.ceil((missedStatuses * everyMs) / 1000),
  };
  const sensors = sensorsOf(target === null ? null : scores, anomaly !== null);
  const problem = {
    platform: "binary_sensor",
    name: "Problem",
    device_class: "problem",
    value_template: "{{ 'ON' if value_json.problems | length > 0 else 'OFF' }}",
    ...status,
  };
  const alarm = { platform: "binary_sensor", name: "Alarm", state_topic: `${topic}/alarm` };
  return {
    ...Object.fromEntries(sensors.map((sensor) => [sensor.id, { ...sensorComponent(sensor), ...status }])),
    ...(target === null ? {} : { prediction: predictionComponent(target, topic) }),
    problem,
    // Where anomalies are watched for, an open one is the alarm of the predictions too.
    ...(hasAlarm || anomaly !== null ? { alarm } : {}),
  };
}

function sensorComponent(sensor: Sensor): object {
  return {
    platform: "sensor",
    name: sensor.name,
    value_template: `{{ ${sensor.value} }}`,
    ...kindOf(sensor),
    ...(sensor.isDiagnostic ? { entity_category: "diagnostic" } : {}),
  };
}

function predictionComponent(
  { column, classes }: NonNullable<StatusDocument["target"]>,
  topic: string,
): object {
  return {
    platform: "sensor",
    name: `Predicted ${column}`,
    state_topic: `${topic}/prediction`,
    // Classes by their words, where they have some.
    value_template: "{{ value_json.class | default(value_json.prediction) }}",
    ...(classes === null ? { state_class: "measurement" } : {}),
  };
}
