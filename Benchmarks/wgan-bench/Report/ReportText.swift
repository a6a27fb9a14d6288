// report.md: what was measured, beginning with how far it can be trusted.

import SystemSupport

extension PerformanceReport {
  /// - Parameter plots: the files of pictures that lie beside the text.
  package func markdown(plots: Set<String>) -> String {
    func picture(_ file: String, _ alternative: String) -> [String] {
      plots.contains(file) ? ["![\(alternative)](\(file))"] : []
    }
    let sections: [[String]] = [
      [
        "# wgan on \(Markdown.escaped(machine.processor)), \(Markdown.escaped(String(machine.date.prefix(10))))",
        "Made by `wgan-bench report`, never edited by hand; all figures are in [results.json](results.json).",
      ],
      trust, machineText, summary, picture("percent.svg", "Convolutions in percent of the measured peak"),
      picture("roofline.svg", "Roofline"), convolutionText,
      step.map { stepText($0, picture("step.svg", "Training steps by kind of work")) } ?? [],
      data.map(dataText) ?? [],
      peers.map { peersText($0.peers, picture("peers.svg", "Ratios to PyTorch")) } ?? [], again,
    ]
    return sections.joined().filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  // MARK: - Trust

  /// Of each thing that was measured: why its figures shouldn't be trusted; empty if they may be.
  var doubts: [(what: String, doubts: [String])] {
    (results.isEmpty ? [] : [("Convolutions", peak.doubts)]) + (step.map { [("Steps", $0.doubts)] } ?? [])
      + (data.map { [("Pictures", $0.doubts)] } ?? [])
      + (peers.map { [("Next to PyTorch", $0.peers.doubts(on: machine))] } ?? [])
  }

  private var trust: [String] {
    var lines = ["## How far to trust these figures"]
    let failed = results.filter { !$0.verified }
    if !failed.isEmpty {
      lines.append(
        "**\(failed.count) of \(results.count) rows are marked FAILED: their results are wrong, "
          + "their speed means nothing.**")
    }
    for (what, doubts) in doubts {
      guard !doubts.isEmpty else {
        lines.append("\(what): the machine was quiet, nothing speaks against these figures.")
        continue
      }
      lines.append("**\(what): TOO NOISY to trust these figures.**")
      lines.append(doubts.map { "- \(Markdown.escaped($0))" }.joined(separator: "\n"))
    }
    let shaky = peers?.peers.shaky ?? (count: 0, of: 0)
    if shaky.count > 0 {
      lines.append("**\(shaky.count) of \(shaky.of) ratios to PyTorch are shaky**, far apart from round to round.")
    }
    let marked = results.filter(\.isDoubtful)
    if !marked.isEmpty {
      lines.append(
        "\(marked.count) of \(results.count) rows are marked. *Disturbed*: other processes had so much of the "
          + "cores meanwhile, also when it was measured again. *Unsteady*: the median lies more than a tenth above the "
          + "minimum.")
    }
    return lines
  }

  // MARK: - Machine

  private var machineText: [String] {
    func bytes(_ count: Int) -> String {
      guard count > 0 else { return "" }
      return count >= 1 << 20 ? "\(count >> 20) MiB" : "\(count >> 10) KiB"
    }
    let caches = [
      ("L1", machine.cacheBytes.level1, "a core"), ("L2", machine.cacheBytes.level2, "a core"),
      ("L3", machine.cacheBytes.level3, "shared"),
    ].filter { $0.1 > 0 }.map { "\($0.0) \(bytes($0.1)) \($0.2)" }
    let facts = [
      ["processor", "\(Markdown.escaped(machine.processor)), \(machine.cores) cores"],
      ["instruction sets", Markdown.escaped(machine.instructionSets.joined(separator: ", "))],
      ["caches", caches.joined(separator: ", ")],
      ["memory", String(printf: "%.1f GiB", Double(machine.memoryBytes) / 0x1p30)],
      ["system", Markdown.escaped(machine.system)],
      ["measured", Markdown.escaped(machine.date)],
      ["commit", Markdown.escaped(origin?.commit ?? "")],
    ].filter { !$0[1].isEmpty }
    let arithmetic = peak.arithmetic.map { row in
      let spreads =
        [row.before.min, row.before.median, row.before.max]
        + (row.after.map { [$0.min, $0.median, $0.max] } ?? [])
      let cells = spreads.map { figure($0, 1) } + Array(repeating: "", count: 6 - spreads.count)
      return [Markdown.escaped(row.name), "\(row.threads)", figure(row.gflops, 1)] + cells
    }
    let bandwidth = peak.bandwidth.map { row in
      [
        Markdown.escaped(row.level), "\(row.threads)", bytes(row.bytesPerThread), figure(row.read, 1),
        figure(row.copy, 1),
      ]
    }
    return [
      "## The machine", Markdown.table(["", " "], facts),
      arithmetic.isEmpty ? "" : "Measured peak, GFLOP/s: the fastest sample of the run is what percentages are of.",
      Markdown.table(
        ["isa", "threads", "peak", "before: min", "median", "max", "after: min", "median", "max"], arithmetic),
      bandwidth.isEmpty ? "" : "Measured bandwidth, best sample.",
      Markdown.table(["memory", "threads", "buffer a thread", "read GB/s", "copy GB/s"], bandwidth),
    ]
  }

  // MARK: - Summary

  private var summary: [String] {
    guard !results.isEmpty else { return ["## Summary", "No convolutions were measured."] }
    var rows: [[String]] = []
    for (setting, members) in grouped(results, by: { Setting($0) }) {
      for pass in Pass.allCases {
        let members = members.filter { $0.pass == pass }
        guard let best = members.max(by: { $0.percentOfPeak < $1.percentOfPeak }),
          let worst = members.min(by: { $0.percentOfPeak < $1.percentOfPeak })
        else { continue }
        func cell(_ row: ConvolutionRow) -> String {
          "\(figure(row.percentOfPeak, 1)) %\(row.isDoubtful ? " (!)" : ""), \(Self.label(row))"
        }
        let middle = members.filter(\.isMiddle)
        var aim = ""
        for (algorithm, rows) in grouped(middle, by: \.algorithm) {
          guard
            let least = PercentPlot.aim(
              isa: setting.isa, algorithm: algorithm, precision: setting.precision)
          else { continue }
          aim += aim.isEmpty ? "" : "; "
          aim +=
            "\(rows.count { $0.percentOfPeak >= least }) of \(rows.count) (\(algorithm)) reach \(figure(least, 0)) %"
        }
        rows.append([Markdown.escaped(setting.text), pass.rawValue, cell(best), cell(worst), aim])
      }
    }
    let titles = ["", "pass", "best, of the measured peak", "worst", "middle layers"]
    return [
      "## Summary", Markdown.table(titles, rows),
      results.contains(where: \.isDoubtful) ? "(!): a marked row, see above." : "",
      rows.contains { !$0[4].isEmpty }
        ? "Middle layers: 64 channels or more on both sides and planes on both: not the first, the last and the latent "
          + "layer."
        : "",
    ]
  }

  private static func label(_ row: ConvolutionRow) -> String {
    Markdown.escaped(row.layer.isEmpty ? row.shape : LayerLabel.short(row.layer))
  }

  // MARK: - Convolutions

  private var convolutionText: [String] {
    guard !results.isEmpty else { return [] }
    var lines = [
      "## Convolutions",
      "A layer marked ^T is transposed: it is measured as the convolution whose adjoint it is, so its forward pass "
        + "is that one's backwardData. forward and backwardData include packing or transforming the weights. GFLOP/s "
        + "and percentages are of the median time and count the direct method's operations, whatever the algorithm: a "
        + "fast one can pass 100 %. Roof: what bounds a pass at its intensity, arithmetic or the level of memory that "
        + "holds its operands.",
    ]
    for (shape, members) in grouped(results, by: \.shape) {
      let layer = members[0].layer
      lines.append("### \(Markdown.escaped(layer.isEmpty ? shape : layer))")
      lines.append("`\(shape.filter { $0 != "`" })`: \(figure(members[0].intensity, 1)) FLOP/byte")
      lines.append(
        Markdown.table(
          [
            "pass", "isa", "threads", "algorithm", "tile", "blocking", "min ms", "median ms", "GFLOP/s", "% of peak",
            "roof", "% of roof", "marks",
          ],
          members.map { row in
            let roof = row.roof == "compute" ? "compute" : "\(row.roof): \(figure(row.roofGflops, 0)) GFLOP/s"
            return [
              row.pass.rawValue, Markdown.escaped(row.isa), "\(row.threads)", Markdown.escaped(row.method),
              Markdown.escaped(row.tile), Markdown.escaped(row.blocking ?? ""), figure(row.milliseconds.min, 3),
              figure(row.milliseconds.median, 3), figure(row.gflops, 1), figure(row.percentOfPeak, 1),
              Markdown.escaped(roof), figure(100 * row.gflops / row.roofGflops, 1),
              row.marks.joined(separator: ", "),
            ]
          }))
    }
    return lines
  }

  // MARK: - Steps and pictures

  private func stepText(_ step: StepReport, _ picture: [String]) -> [String] {
    let gflops = ["critic": step.critic_gflops, "generator": step.generator_gflops]
    var lines = [
      "## Training steps",
      "Size \(step.size), features \(step.features), batch \(step.batch_size); \(Markdown.escaped(step.isa)), "
        + "\(step.threads) threads.",
      Markdown.table(
        ["step", "min ms", "median ms", "GFLOP/s", "not convolution"],
        step.steps.map {
          [
            Markdown.escaped($0.step), figure($0.milliseconds.min, 2), figure($0.milliseconds.median, 2),
            figure(gflops[$0.step], 1),
            $0.kinds.isEmpty ? "" : "\(figure(100 * $0.notConvolutionShare, 1)) %",
          ]
        }),
    ]
    lines += picture
    let kinds = StepPlot.kinds(step.steps)
    lines.append(
      Markdown.table(
        ["kind"] + step.steps.flatMap { ["\(Markdown.escaped($0.step)), ms", "%"] },
        kinds.map { kind in
          [Markdown.escaped(kind)]
            + step.steps.flatMap { step -> [String] in
              let (milliseconds, total) = (step.kinds[kind, default: 0], step.kinds.values.reduce(0, +))
              return [figure(milliseconds, 2), total > 0 ? figure(100 * milliseconds / total, 1) : ""]
            }
        }))
    for split in step.steps where !split.parts.isEmpty {
      lines.append("### \(Markdown.escaped(split.step)) step, by layer")
      lines.append(
        Markdown.table(
          [
            "layer", "kind", "pass", "algorithm", "ms", "limit ms", "of it waiting", "% of step", "GFLOP/s",
            "% of peak",
          ],
          split.parts.map { part in
            [
              Markdown.escaped(part.layer), Markdown.escaped(part.kind), Markdown.escaped(part.pass),
              Markdown.escaped(part.method), figure(part.milliseconds, 3),
              figure(part.limitMilliseconds, 3), figure(part.waitingMilliseconds, 3),
              figure(100 * part.share, 1), figure(part.gflops, 1),
              figure(part.percentOfPeak, 1),
            ]
          }))
    }
    return lines
  }

  private func dataText(_ data: DataReport) -> [String] {
    var lines = [
      "## Pictures",
      """
      \(Markdown.escaped(data.data)): \(data.tried) of \(data.files) files to \
      \(data.size)x\(data.size)x\(data.channels), \(data.rounds) rounds, from the page cache\
      \(data.bad > 0 ? "; left out, since they can't be used: \(data.bad)" : "").
      """,
    ]
    let stages = data.results.first?.stages.map(\.stage) ?? []
    lines.append(
      Markdown.table(
        ["files", "threads", "pictures"] + stages.map { "\(Markdown.escaped($0)) ms" } + ["pictures/s", "MB/s"],
        data.results.map { row in
          let times = stages.map { name in
            figure(row.stages.first { $0.stage == name }?.milliseconds.median, 3)
          }
          return [Markdown.escaped(row.format), "\(row.threads)", "\(row.pictures)"] + times
            + [
              figure(row.stages.last?.picturesPerSecond, 0),
              figure(row.stages.last?.megabytesPerSecond, 1),
            ]
        }))
    return lines
  }

  // MARK: - How to make it again

  private var again: [String] {
    guard let origin else { return [] }
    let peersNote = origin.command.contains("--peers") ? " (`make peers` makes the file that `--peers` names)" : ""
    return ["## To make this report again", "Made by\(peersNote):", "    \(origin.command)"]
  }
}

extension ConvolutionRow {
  /// One of the layers that the aim is for: neither first nor last nor latent.
  var isMiddle: Bool {
    guard let c = (try? ConvolutionShape(parsing: shape, batch: 1))?.convolution else { return false }
    return c.form == .blocked && min(c.inputChannels, c.outputChannels) >= 64 && c.outputSize > 1
  }
}

/// A number with so many decimals; empty where there is none.
func figure(_ value: Double?, _ digits: Int) -> String { value.map { String(printf: "%.\(digits)f", $0) } ?? "" }
