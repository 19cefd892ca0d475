import type { Command } from "./command.ts";

const data = {
  value: "FILE",
  help: "the rows to learn from: a recording, CSV, JSON lines or other text; .gz is unpacked on the way (default: the config's source.file)",
};

/** What is learned from a file without a config. */
const task = {
  target: {
    value: "NAME",
    help: "without CONFIG: the column to predict (default: the one called label or target)",
  },
  classes: {
    value: "N|A,B",
    help: "without CONFIG: the target is a class; how many classes there are, or their names (default: label and columns of words are classes)",
  },
};

/** Every command; the help lists them by group, and within one in this order. */
export const commands: Command[] = [
  {
    name: "demo",
    group: "start",
    summary: "watch it learn from an emulated microcontroller over a real pseudo-terminal",
    positionals: [],
    options: {
      seconds: { value: "N", help: "how long to listen (default 20; with --anomaly 30, at least 8)" },
      anomaly: {
        help: "show instead how it learns what is normal for a simulated machine, and reports its faults",
      },
      checkpoints: { value: "FOLDER", help: "where the checkpoint goes (default checkpoints/demo)" },
    },
    details: [
      "Nothing to plug in: an ATmega328P is emulated, runs the firmware in devices/firmware and sends frames through a pseudo-terminal, which is opened like any serial port. Halfway the rule that the network learns is changed, so the accuracy falls and recovers. Ctrl-C ends it early in the same orderly way.",
      "Without a terminal it prints a line each second; with --json these lines go to standard error and one JSON document, with the whole course in it, to standard output.",
      "With --anomaly nothing is emulated: a simulated machine sends lines through a pseudo-terminal; its clock runs 200 times faster than that of this computer. Its cooling fails for a while, and later it begins to vibrate and does not stop. The daemon watches it with the settings of normal operation: see docs/anomaly.md.",
    ],
    usesStreams: true,
    load: () => import("../demo.ts"),
  },
  {
    name: "ports",
    group: "start",
    summary: "list the serial ports: names, maker, serial number, and the stable path",
    positionals: [],
    options: {},
    details: [
      "Nothing is opened, so no board is reset. The path under /dev/serial/by-id stays the same when the device is plugged into another socket or in another order; use it in a config.",
    ],
    load: () => import("../ports.ts"),
  },
  {
    name: "sniff",
    group: "start",
    summary: "recognize what a serial port or a recording of one sends, and print a config to start from",
    positionals: ["PORT"],
    options: {
      seconds: { value: "N", help: "how long to listen (default 5)" },
      baud: {
        value: "N,N",
        help: "baud rates to try, in this order (default: the usual ones, 115200 and 9600 first)",
      },
    },
    details: [
      "PORT may also be a file, or - for standard input. What is found is in comments above the config, so the output is a config file: rivulet sniff /dev/ttyACM0 > pump.yaml.",
      "It knows frames, and lines of numbers with commas, semicolons, tabs or blanks, of JSON, and of name:value pairs. The types of a frame's fields are a guess, since its bytes do not tell them; names come from the lines or a header line, or are field1, field2 and so on. The target is the last column called label (a class) or target (a number), as in rivulet replay; else the last column, taken as a class where its values are small whole numbers. For a machine without a label, such as three axes or a motor's current, the config learns what is normal instead (anomaly). Features are what features: auto chooses at the measured rate, written out: windows of a fast accelerometer, lags and clock of a slow number; in a comment where the choice is yours.",
    ],
    usesStreams: true,
    load: () => import("../sniff.ts"),
  },
  {
    name: "config",
    group: "start",
    summary: "explain the keys of a config: meaning, range, unit and default",
    positionals: ["[KEY]"],
    options: {},
    details: [
      "Without KEY it lists the keys at the top. With one, such as source.serial or model.optimizer.adam, it prints that key and every key in it. docs/config.md is the same as one page.",
    ],
    load: () => import("../config.ts"),
  },
  {
    name: "validate",
    group: "start",
    summary: "check a config completely, and open nothing",
    positionals: ["CONFIG"],
    options: {},
    details: [
      "Checks every key, whether keys contradict each other, the network, and whether memory.budget is enough. Port, files and folders are not touched: rivulet doctor checks those. Exit code 2 where the config is wrong, as for every command that reads one.",
    ],
    load: () => import("../validate.ts"),
  },
  {
    name: "plan",
    group: "start",
    summary: "print every buffer that training would use, byte by byte, before anything runs",
    positionals: ["CONFIG"],
    options: {
      data: { value: "FILE", help: "take the columns from this file's header when the config names none" },
    },
    details: [],
    load: () => import("../plan.ts"),
  },
  {
    name: "doctor",
    group: "start",
    summary:
      "check the board, its ports, memory, disk, clock and Node, and print how to correct what is wrong",
    positionals: ["[CONFIG]"],
    options: {},
    details: [
      "With CONFIG it checks what that config needs: its port, its checkpoint folder, its memory and GPIO lines. Without, the machine in general. Each finding is ok, a warning or a problem, with a command that corrects it; nothing is changed. Exit code 1 when there is a problem.",
      "Boards are recognized by their device tree and the profiles in devices/boards. What cannot be determined is a warning that says why.",
    ],
    load: () => import("../doctor.ts"),
  },
  {
    name: "bench",
    group: "start",
    summary: "measure this machine: training steps, optimizers, decoding, how cost grows",
    positionals: [],
    options: {
      rounds: { value: "N", help: "number of rounds, in each of which everything is measured (default 9)" },
      only: {
        value: "GROUPS",
        help: "measure only these, separated by commas: training, optimizers, functions, decoding, growth, sensor, memory",
      },
    },
    details: [
      "Each figure is a median with the smallest and the largest, beside a bound that is measured in the same rounds: the most multiplications and additions that this core can do in 128-bit vectors, the speed at which it copies memory, a call of WebAssembly that does nothing. Ends with the result in sentences: how fast a typical sensor network learns, how much memory its daemon takes, and what limits the speed. Takes about a minute on a fast machine; do nothing else on it meanwhile.",
    ],
    load: () => import("../bench.ts"),
  },
  {
    name: "run",
    group: "daemon",
    summary: "run the daemon: learn from a source until a signal, or until the source ends",
    positionals: ["CONFIG"],
    options: {
      "status-every": { value: "DURATION", help: "how often a status line is printed (default 1min)" },
      record: {
        value: "FILE",
        help: "also record the samples, and everything else that affects learning, for rivulet replay; an existing file is kept, and the new one gets a number",
      },
      json: { help: "make each line on standard output a JSON object with its time and event" },
    },
    details: [
      "In a terminal it draws a live view; with --status-every, --json or elsewhere it prints lines, the first status within seconds of the first sample.",
      "Starts from the newest valid checkpoint in the config's checkpoint folder, saves one every checkpoint.every and one on SIGTERM, SIGINT or SIGHUP; then ends with exit code 0, or 1 where that last one cannot be saved. A second signal ends it at once. A port or connection that is lost is opened again as soon as it is back; at the end of a file or of standard input it saves and ends.",
    ],
    load: () => import("../run.ts"),
  },
  {
    name: "top",
    group: "daemon",
    summary: "watch a running daemon in the terminal: scores, fields, problems, latest events",
    positionals: ["CONFIG"],
    options: {
      once: { help: "print the state once; without a terminal this is the default" },
      link: { help: "print the address of the status page with its token, for a browser" },
    },
    details: ["CONFIG is that of the daemon, and needs the key status. See docs/status.md."],
    usesStreams: true,
    load: () => import("../top.ts"),
  },
  {
    name: "label",
    group: "daemon",
    summary: "give a running daemon the labels of samples that it has already predicted",
    positionals: ["CONFIG"],
    options: {
      class: { value: "CLASS", help: "the true class of the samples" },
      value: { value: "NUMBER", help: "the true value of the target" },
      last: { value: "DURATION", help: "the samples of the last seconds, such as 10s" },
      sequence: { value: "N", help: "the sample with this number" },
      at: { value: "TIME", help: "the sample taken nearest to a time such as 2026-11-29T20:40:00Z" },
      from: { value: "TIME", help: "the samples from this time on" },
      to: { value: "TIME", help: "the samples up to this time" },
      id: {
        value: "TEXT",
        help: "an id of your choice; a label with the id of an earlier one changes nothing",
      },
    },
    details: [
      "Sends the label to the status server of the daemon that runs with CONFIG, and prints how many samples it labelled or corrected, and how many were expired, unknown or repeated: see docs/labels.md.",
    ],
    load: () => import("../label.ts"),
  },
  {
    name: "normal",
    group: "daemon",
    summary: "tell a running daemon that its latest anomaly was normal, so that similar ones raise no alarm",
    positionals: ["CONFIG"],
    options: {},
    details: ["CONFIG is that of the daemon, and needs the keys anomaly and status. See docs/anomaly.md."],
    load: () => import("../normal.ts"),
  },
  {
    name: "pause",
    group: "daemon",
    summary: "tell a running daemon to predict without learning, for example during maintenance",
    positionals: ["CONFIG"],
    options: {
      for: {
        value: "DURATION",
        help: "learning continues by itself after this time, such as 2h (default: until rivulet resume)",
      },
    },
    details: ["CONFIG is that of the daemon, and needs the key status. See docs/status.md."],
    load: () => import("../pause.ts"),
  },
  {
    name: "resume",
    group: "daemon",
    summary: "tell a paused daemon to continue learning",
    positionals: ["CONFIG"],
    options: {},
    details: ["CONFIG is that of the daemon, and needs the key status. See docs/status.md."],
    load: () => import("../resume.ts"),
  },
  {
    name: "mqtt",
    group: "daemon",
    summary: "carry the predictions of a running daemon to an MQTT broker, and labels back",
    positionals: ["CONFIG"],
    options: {},
    details: [
      "CONFIG is that of the daemon, with the keys status and mqtt. Needs the package mqtt (npm install -g mqtt), and runs as a process of its own, so that a broker that is slow or away costs the daemon nothing. See docs/status.md.",
    ],
    load: () => import("../mqtt.ts"),
  },
  {
    name: "install",
    group: "daemon",
    summary: "install a config as a systemd service that starts at boot",
    positionals: ["CONFIG"],
    options: {
      "dry-run": { help: "show every file and command, and change nothing" },
      root: { value: "FOLDER", help: "write below this folder instead of /, such as a mounted image" },
      force: { help: "replace existing files that have other contents" },
    },
    details: [
      "Writes /etc/systemd/system/rivulet-NAME.service, a udev rule that keeps ModemManager off the port and gives it a name that stays, and a copy of CONFIG, /etc/rivulet/NAME.yaml, whose checkpoints go to /var/lib/rivulet-NAME. Starts nothing: it says which commands do.",
      "The service has a user of its own, sees only ports of its kind, no network, and a read-only system. It is started again when it ends, or when nothing shows that it works: see devices/systemd/README.md.",
    ],
    load: () => import("../install.ts"),
  },
  {
    name: "record",
    group: "files",
    summary: "write the samples from a source to a file, to replay them later",
    positionals: ["CONFIG"],
    options: {
      out: { value: "FILE", help: "the recording; an existing file is refused" },
      seconds: { value: "N", help: "how long to record (default: until a signal)" },
    },
    details: [
      "The recording is flushed to disk every second, so a power cut loses at most the last second. On SIGTERM, SIGINT or SIGHUP it closes the file and prints what it recorded. Of the config it reads source and name; samples keep their times, sequence numbers and order.",
      "Prints its progress every second; with --json these lines go to standard error and one JSON document to standard output.",
    ],
    load: () => import("../record.ts"),
  },
  {
    name: "convert",
    group: "files",
    summary: "write a recording as CSV",
    positionals: ["RECORDING"],
    options: {
      to: { value: "FORMAT", help: "csv (default)" },
      out: { value: "FILE", help: "where the rows go (default: standard output)" },
    },
    details: [
      "One column for each field, in the order of the recording, with the values as they were decoded, so that replay and fit read the same from both.",
    ],
    load: () => import("../convert.ts"),
  },
  {
    name: "replay",
    group: "files",
    summary: "learn from a recorded stream row by row, predicting each row before learning from it",
    positionals: ["[CONFIG]"],
    options: {
      data: {
        value: "FILE",
        help: "a recording, CSV, JSON lines or other text; .gz is unpacked on the way (default: the config's source.file)",
      },
      ...task,
      "real-time": { help: "play a recording as fast as it was recorded, instead of as fast as possible" },
      seed: { value: "N", help: "seed of the initial weights (default: the config's, else 1)" },
      from: {
        value: "CHECKPOINT",
        help: "continue this learner, a file or the newest of a folder, instead of starting over",
      },
      save: {
        value: "FILE",
        help: "write a checkpoint of the trained learner, or into a folder of them, such as the config's",
      },
      report: {
        value: "FILE.html",
        help: "write an HTML page: scores over time beside simple rules, drifts, classes, experts, importance of the fields",
      },
      without: {
        value: "NAME,NAME",
        help: "leave out experts of the ensemble, by name or the beginning of one",
      },
      anomaly: {
        help: "print anomalies instead, as a daemon with the key anomaly would report them",
      },
      "alarms-per-week": {
        value: "N",
        help: "with --anomaly: alarms a week at most (default: the config's, else 2)",
      },
      interval: {
        value: "DURATION",
        help: "with --anomaly: time between two rows, where no column holds the time",
      },
      windows: {
        value: "FILE",
        help: "with --anomaly: score the alarms by known anomalies, one FROM,TO a line",
      },
    },
    details: [
      "Learns with the ensemble, or with the network that CONFIG names under model. Scores are shown beside those of simple rules; skill is 1 - loss / loss of the best rule.",
      "Without CONFIG the header says what is predicted: label is a class, target a number; all other columns are features, except words, clocks and counters. With CONFIG its target.column is predicted from source.fields, or from all other columns if it names none.",
      "From a recording of rivulet record it learns as the daemon would have: with the same config and seed the weights and scores are the same bit for bit. What cannot be read or used is counted, and the first of each kind is described with its line.",
    ],
    load: () => import("../replay.ts"),
  },
  {
    name: "fit",
    group: "files",
    summary: "choose and train a network over a file, or train the one of CONFIG, judged by rows held out",
    positionals: ["[CONFIG]"],
    options: {
      data,
      ...task,
      minutes: { value: "N", help: "time for choosing a network, where CONFIG names none (default 1)" },
      regime: {
        value: "REGIME",
        help: "batch (one update an epoch), stochastic (one a row) or mini-batch (default)",
      },
      epochs: { value: "N", help: "number of passes over the rows (default 10)" },
      "batch-size": {
        value: "N",
        help: "rows of one update in mini-batch, rows computed at a time in batch (default: training.batchSize)",
      },
      "held-out": {
        value: "FRACTION",
        help: "part of the rows that is used for evaluation only (default 0.2)",
      },
      "held-out-last": { help: "hold out the last rows instead of rows drawn from all of them" },
      seed: { value: "N", help: "seed of the split, the order of rows and the initial weights" },
      workers: {
        value: "N",
        help: "threads that share the work on each batch; the results do not depend on how many (default: training.workers, else the batch stays whole)",
      },
      save: {
        value: "FILE",
        help: "write a checkpoint of the trained learner, or into a folder of them, such as the config's",
      },
      report: {
        value: "FILE.html",
        help: "write an HTML page: loss over the epochs, classes, calibration, importance of the fields",
      },
      "find-learning-rate": {
        help: "instead of training, raise the learning rate from 1e-7 to 10 and suggest one from the loss curve",
      },
      svg: { value: "FILE", help: "draw the loss by learning rate as SVG, with --find-learning-rate" },
    },
    details: [
      "Values are validated as in the daemon, by range, stuck and source.values in the config: rows that the daemon would skip are left out and counted. Which rows are held out does not depend on that.",
      "Trains the network that CONFIG names under model. Without a model it chooses one within --minutes: linear and hidden layers of several sizes and rates are compared by their loss on a part of the training rows, the better half continues training, and so forth (successive halving); the last one trains until its loss on that part no longer falls, and its best weights are kept. The held-out rows have no part in it. --save then writes a learner for run and replay with the same config: the ensemble that has observed the training rows, with the chosen network among its experts. Without CONFIG the header names the target, as for replay.",
      "With --regime, --epochs, --batch-size, --workers or --find-learning-rate the default network is trained where the config has no model.",
      "In the batch regime the file is streamed once an epoch, so it may be larger than memory. The other two shuffle, and so hold all rows in memory.",
      "model.schedule in the config changes the learning rate: constant, step, exponential, cosine or plateau, each with an optional warmUp, all counted in updates. A cosine without updates falls over the whole run.",
      "With workers, even one, each batch is cut into training.shards parts (default 4), whose gradients are added up in order: the weights are the same for any number of workers, but differ in their last digits from those of an uncut batch. Two threads pay off above some millions of multiplications a step, earlier where cores communicate faster.",
      "--find-learning-rate makes hundreds of updates at ever higher rates from the configured network and optimizer, without their schedule, until the loss diverges. It suggests the rate at which the loss fell fastest, but at most a third of the one at which it diverged. The weights are discarded.",
    ],
    usesStreams: true,
    load: () => import("../fit.ts"),
  },
  {
    name: "compare",
    group: "files",
    summary: "train one network in many ways, and write a page that shows them side by side",
    positionals: ["[CONFIG]"],
    options: {
      data,
      ...task,
      epochs: { value: "N", help: "number of passes of each run over the rows (default 20)" },
      "batch-size": { value: "N", help: "rows of one update in mini-batch descent (default 16)" },
      seed: { value: "N", help: "seed of the initial weights and the order of rows" },
      out: { value: "FILE", help: "file of the page (default compare.html)" },
      svg: { value: "FOLDER", help: "write the figures as SVG files too" },
    },
    details: [
      "The network is the one that CONFIG names under model, else the default network. Compares batch, stochastic and mini-batch descent, all optimizers, and a learning rate too large and too small, each from the same initial weights over the same rows, at most 20000. The rate of plain descent is found by a short search; the optimizer and clip of the config are ignored.",
    ],
    usesStreams: true,
    load: () => import("../compare.ts"),
  },
  {
    name: "inspect",
    group: "checkpoints",
    summary:
      "show the contents of a checkpoint (a file, or the newest valid one of a folder), or how another one differs",
    positionals: ["CHECKPOINT", "[OTHER]"],
    options: {},
    details: [
      "With OTHER it shows the differences: config, number of samples, scores, and distance of the weights.",
      "A learner moves to another board with its folder of checkpoints: copy it to checkpoint.directory of the same config there, while no daemon uses it, and rivulet run continues. Weights and statistics are the same numbers on every processor.",
    ],
    load: () => import("../inspect.ts"),
  },
  {
    name: "predict",
    group: "checkpoints",
    summary: "predict each row of a file with what a checkpoint has learned, and learn nothing",
    positionals: ["CHECKPOINT"],
    options: {
      data: { value: "FILE", help: "a recording, or CSV with a header line; the target may be missing" },
      out: { value: "FILE", help: "where the predictions go (default: standard output)" },
    },
    details: [
      "Writes CSV: the number of the row and the prediction; for classes the probability of each, for numbers of an ensemble the bounds of the interval. The cells are empty for a row with a feature that is not a finite number. CHECKPOINT is a file, or a folder, whose newest valid one is taken.",
    ],
    load: () => import("../predict.ts"),
  },
  {
    name: "evaluate",
    group: "checkpoints",
    summary: "score a checkpoint on the rows of a file, and learn nothing",
    positionals: ["CHECKPOINT"],
    options: {
      data: { value: "FILE", help: "a recording, or CSV with a header line, the target among its columns" },
    },
    details: [
      "The weights do not change while it scores; rivulet replay --from scores a learner that continues to learn.",
    ],
    load: () => import("../evaluate.ts"),
  },
  {
    name: "migrate",
    group: "checkpoints",
    summary: "transfer what a checkpoint has learned to a changed config",
    positionals: ["CHECKPOINT"],
    options: {
      config: { value: "NEW", help: "the config with which learning continues" },
      save: {
        value: "FILE",
        help: "where the new checkpoint goes (default: the folder of CHECKPOINT, as its newest)",
      },
      "dry-run": { help: "show what would be transferred, and write nothing" },
    },
    details: [
      "CHECKPOINT is a file, or a folder of checkpoints, whose newest valid one is taken. Fields are matched by name, in any order, and keep their weights; classes too, with new ones behind those that are known. New fields and new units of a layer start with weights that do not change the predictions; a new class starts with a low probability. It prints what was transferred and what is new. No existing file is changed.",
      "A learning rate, schedule, optimizer, clipping or batch size needs no migration: rivulet run continues with the new one and says so. With checkpoint.onChange: migrate it transfers at its start by itself. After a change of target, loss or list of transforms learning starts over.",
    ],
    load: () => import("../migrate.ts"),
  },
  {
    name: "host",
    group: "host",
    summary: "receive the checkpoints of boards, and show the state of each board",
    positionals: ["[ACTION]", "[NAME]"],
    options: {
      folder: { value: "FOLDER", help: "the host's folder, for add, list and revoke (default ./fleet)" },
      listen: { value: "ADDRESS", help: "address and port to listen at (default 127.0.0.1:9000)" },
      keep: { value: "N", help: "checkpoints to keep of each device (default 20)" },
      cert: { value: "FILE", help: "certificate in PEM: the host then speaks HTTPS" },
      key: { value: "FILE", help: "private key of the certificate in PEM" },
      store: {
        value: "URL",
        help: "store no objects here, but direct devices to this S3 store, such as s3://bucket/prefix",
      },
      region: { value: "NAME", help: "region of the store (default us-east-1)" },
      "store-key": { value: "ID", help: "id of the store's key" },
      "store-secret": { value: "FILE", help: "file of mode 600 with the secret of the store's key" },
      "store-command": {
        value: "WORDS",
        help: "program that prints the store's key, in the format of AWS's credential_process",
      },
      url: {
        value: "URL",
        help: "address of the host as boards see it, with add (default: where it listens)",
      },
      group: { value: "NAME", help: "with add: the group whose published models the board takes" },
    },
    details: [
      "rivulet host FOLDER runs the host: one process, files in FOLDER, nothing else to install. rivulet host add NAME prints what to paste on the board NAME; rivulet host list shows all devices, and its exit code is 1 if one is silent for three of its intervals; rivulet host revoke NAME makes the key of a lost board invalid.",
      "It speaks the part of S3 that the boards use, so rclone, s3cmd and curl can read the checkpoints as well, as bucket fleet with the key of FOLDER/.host/admin.key. The page at / shows the devices to whoever has that key, and /metrics has the same for Prometheus.",
      "With --store it is a front: it keeps its own keys and no objects, checks the key of a device, and answers with a URL for this one request at the store. No device holds a key of the store, and any number of fronts may run with the same FOLDER/.host. Old objects are deleted by a rule of the bucket; rivulet host list, page and metrics show the devices of the store.",
    ],
    load: () => import("../host.ts"),
  },
  {
    name: "sync",
    group: "host",
    summary: "send the checkpoints of a config to its host, once",
    positionals: ["CONFIG"],
    options: {
      "dry-run": {
        help: "show what would be sent, without connecting; with sync.models it asks the host which model it would fetch",
      },
      restore: { help: "fetch the newest valid checkpoint of this device into an empty folder" },
    },
    details: [
      "Sends what the checkpoint folder holds and the host lacks, the newest first, and reports the state of the device to the host. rivulet install writes a timer that runs it every sync.every, and rivulet run runs it where there is no systemd. A daemon that learns meanwhile is not disturbed.",
      "The exit code is 1 where nothing could be sent: the host is away, or refuses the key. The checkpoints wait in their folder, the newest sync.backlog of them.",
    ],
    load: () => import("../sync.ts"),
  },
  {
    name: "models",
    group: "host",
    summary: "publish a network for a group of boards, go back to an older one, or list them",
    positionals: ["ACTION", "[CHECKPOINT]"],
    options: {
      to: {
        value: "HOST",
        help: "folder of a host on this machine, URL of a host, or S3 store such as s3://bucket/prefix (default ./fleet)",
      },
      group: { value: "NAME", help: "the boards that take it: those with this sync.models.group" },
      key: {
        value: "FILE",
        help: "file of mode 600 with the key that signs (default ~/.config/rivulet/models.key)",
      },
      "to-version": {
        value: "N",
        help: "with rollback: the version to use again (default: the network before the present one)",
      },
      "dry-run": { help: "show what would be published, and write nothing" },
      region: { value: "NAME", help: "region of the store (default: AWS_REGION, else us-east-1)" },
      "store-key": {
        value: "ID",
        help: "id of the store's key (default: AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY)",
      },
      "store-secret": { value: "FILE", help: "file of mode 600 with the secret of the store's key" },
      "store-command": {
        value: "WORDS",
        help: "program that prints the store's key, in the format of AWS's credential_process",
      },
      fingerprint: {
        value: "SHA256",
        help: "fingerprint of the certificate of an HTTPS host, where no authority has signed it; rivulet host prints it",
      },
    },
    details: [
      "rivulet models key [FILE] creates the signing key, once, and prints the line for the configs of the boards. rivulet models publish CHECKPOINT --group G signs the network in a checkpoint with the statistics of its features, and publishes it: the boards of the group fetch it with their next rivulet sync, verify it, and use it beside what they have learned. CHECKPOINT is a file, or a folder of checkpoints, whose newest is taken.",
      "rivulet models rollback --group G publishes the network before the present one under a new version; rivulet models list --group G shows the versions, the newest first.",
      "With a folder the host may run or not. With the URL of a host give its key: --store-key admin --store-secret FOLDER/.host/admin.key.",
    ],
    load: () => import("../models.ts"),
  },
];
