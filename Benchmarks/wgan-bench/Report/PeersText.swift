// report.md: the same work in PyTorch.

import SystemSupport

extension PerformanceReport {
  func peersText(_ peers: Peers, _ picture: [String]) -> [String] {
    let facts = [
      peers.torch.map { "PyTorch \(Markdown.escaped($0))" }, peers.machine.map { "on \(Markdown.escaped($0))" },
      peers.threads.map { "\($0) threads" }, peers.rounds.map { "\($0)\(peers.quick == true ? " quick" : "") rounds" },
      peers.isa_limit.map { "both sides held to \(Markdown.escaped($0))" },
      peers.date.map { Markdown.escaped($0) },
    ].compactMap { $0 }
    var lines = [
      "## Next to PyTorch",
      "In turn, in one run\(facts.isEmpty ? "" : ": " + facts.joined(separator: ", ")). A ratio above 1: wgan is "
        + "better. Medians of rounds, in brackets the least and the greatest.",
    ]
    lines += picture
    if let rows = peers.convolutions, !rows.isEmpty {
      lines += ["### Convolution by convolution", convolutionTable(rows)]
    }
    if let rows = peers.steps, !rows.isEmpty { lines += ["### Steps", stepTable(rows)] }
    if let rows = peers.objectives, !rows.isEmpty {
      lines += ["### Steps with a penalty on the critic's gradient", stepTable(rows)]
    }
    if let rows = peers.threads_scaling, !rows.isEmpty {
      lines += [
        "### wgan with one thread and with all",
        Markdown.table(
          ["step", "1 thread, ms", "threads", "ms", "times as fast", "marks"],
          rows.map {
            [
              Markdown.escaped($0.step), figure($0.one_ms, 1), "\($0.threads ?? 2)", figure($0.two_ms, 1),
              figure($0.ratio, 2), mark($0.shaky),
            ]
          }),
      ]
    }
    if let frameworks = peers.frameworks { lines += frameworksText(frameworks) }
    if let rows = peers.sampling, !rows.isEmpty { lines += ["### Sampling", samplingTable(rows)] }
    var others: [[String]] = []
    if let s = peers.start_up {
      others.append(
        [
          "start-up: generate of 64 pictures, s", figure(s.ours_s, 3), figure(s.theirs_s, 3),
          ratio(s.ratio, s.ratio_min, s.ratio_max), mark(s.shaky),
        ])
    }
    if let m = peers.memory {
      others.append(["peak memory, MB", figure(m.ours_mb, 0), figure(m.theirs_mb, 0), figure(m.ratio, 2), ""])
    }
    if !others.isEmpty {
      lines += ["### Start-up and memory", Markdown.table(["", "wgan", "PyTorch", "ratio", "marks"], others)]
    }
    if let rows = peers.pictures, !rows.isEmpty {
      lines += [
        "### Pictures per second, one thread",
        Markdown.table(
          ["pictures", "wgan", "PIL", "loader", "ratio to PIL", "to the loader", "marks"],
          rows.map {
            [
              Markdown.escaped($0.kind), figure($0.ours_per_s, 0), figure($0.pil_per_s, 0),
              figure($0.loader_per_s, 0), ratio($0.ratio, $0.ratio_min, $0.ratio_max),
              figure($0.ratio_loader, 2), mark($0.shaky),
            ]
          }),
      ]
    }
    return lines
  }

  private func convolutionTable(_ rows: [Peers.Convolution]) -> String {
    Markdown.table(
      ["layer", "shape", "pass", "isa", "threads", "wgan ms", "PyTorch ms", "its layout", "ratio", "marks"],

      rows.map {
        [
          Markdown.escaped(LayerLabel.short($0.layer)), Markdown.escaped(LayerLabel.ofShape($0.shape)),
          Markdown.escaped($0.pass), Markdown.escaped($0.isa), "\($0.threads)", figure($0.ours_ms, 3),
          figure($0.theirs_ms, 3), Markdown.escaped($0.theirs_layout ?? ""),
          ratio($0.ratio, $0.ratio_min, $0.ratio_max),
          mark($0.shaky),
        ]
      })
  }

  private func stepTable(_ rows: [Peers.Step]) -> String {
    // PyTorch's configurations, those that we know first.
    let known = ["nchw", "channels_last", "compile", "bf16"]
    let names = known + Set(rows.flatMap(\.theirs.keys)).subtracting(known).sorted()
    return Markdown.table(
      ["size, features, batch", "step", "wgan ms"] + names.map { Markdown.escaped($0) }
        + ["best fp32", "ratio to it", "to bf16", "wgan bf16 ms", "bf16 to bf16", "bf16 to fp32", "marks"],
      rows.map { row in
        var cells = ["\(row.size), \(row.features), \(row.batch)", Markdown.escaped(row.step), figure(row.ours_ms, 1)]
        cells += names.map { figure(row.theirs[$0] ?? nil, 1) }
        cells += [Markdown.escaped(row.best_fp32 ?? ""), ratio(row.ratio, row.ratio_min, row.ratio_max)]
        cells += [figure(row.ratio_bf16, 2), figure(row.ours_bf16_ms, 1)]
        cells += [figure(row.bf16_to_bf16, 2), figure(row.bf16_to_fp32, 2), mark(row.shaky)]
        return cells
      })
  }

  private func frameworksText(_ frameworks: Peers.Frameworks) -> [String] {
    var lines: [String] = []
    if !frameworks.steps.isEmpty {
      lines += [
        "### Steps in other frameworks",
        Markdown.table(
          [
            "framework", "size, features, batch", "step", "wgan ms", "fp32", "its way", "bf16", "its way",
            "ratio to fp32", "to bf16", "marks",
          ],
          frameworks.steps.map { row in
            [
              Markdown.escaped("\(row.framework) \(row.version ?? "")"), "\(row.size), \(row.features), \(row.batch)",
              Markdown.escaped(row.step), figure(row.ours_ms, 1), figure(row.fp32_ms, 1),
              Markdown.escaped(row.fp32_way ?? ""), figure(row.bf16_ms, 1), Markdown.escaped(row.bf16_way ?? ""),
              ratio(row.ratio, row.ratio_min, row.ratio_max), figure(row.ratio_bf16, 2), mark(row.shaky),
            ]
          }),
      ]
    }
    for (name, why) in (frameworks.skipped ?? [:]).sorted(by: { $0.key < $1.key }) {
      lines.append("\(Markdown.escaped(name)) wasn't measured: \(Markdown.escaped(why)).")
    }
    return lines
  }

  private func samplingTable(_ rows: [Peers.Sampling]) -> String {
    let known = ["eager", "compile", "onnxruntime"]
    let names = known + Set(rows.flatMap(\.theirs.keys)).subtracting(known).sorted()
    return Markdown.table(
      ["size, features", "pictures at once", "wgan ms"] + names.map { Markdown.escaped($0) }
        + ["best", "ratio to it", "marks"],
      rows.map { row in
        var cells = ["\(row.size), \(row.features)", "\(row.pictures)", figure(row.ours_ms, 2)]
        cells += names.map { figure(row.theirs[$0], 2) }
        cells += [Markdown.escaped(row.best ?? ""), ratio(row.ratio, row.ratio_min, row.ratio_max), mark(row.shaky)]
        return cells
      })
  }

  private func ratio(_ value: Double, _ least: Double?, _ most: Double?) -> String {
    guard let least, let most else { return figure(value, 2) }
    return "\(figure(value, 2)) (\(figure(least, 2)) to \(figure(most, 2)))"
  }

  private func mark(_ isShaky: Bool?) -> String { isShaky == true ? "shaky" : "" }
}

extension Peers {
  /// Why the ratios shouldn't be trusted, but for single ones that are shaky.
  ///
  /// - Parameter machine: what the rest of the report is about.
  func doubts(on machine: Machine) -> [String] {
    var doubts: [String] = []
    if let share = others_share, share > Interference.tolerance {
      doubts.append(String(printf: "other processes had %.0f %% of the machine meanwhile", 100 * share))
    }
    if let name = self.machine, name != machine.processor {
      doubts.append("measured on another machine than the rest: \(name)")
    }
    return doubts
  }

  /// How many ratios are shaky, and of how many.
  var shaky: (count: Int, of: Int) {
    var marks = start_up.map { [$0.shaky] } ?? []
    marks += (convolutions ?? []).map(\.shaky)
    marks += (steps ?? []).map(\.shaky)
    marks += (objectives ?? []).map(\.shaky)
    marks += (threads_scaling ?? []).map(\.shaky)
    marks += (frameworks?.steps ?? []).map(\.shaky)
    marks += (sampling ?? []).map(\.shaky)
    marks += (pictures ?? []).map(\.shaky)
    return (marks.count { $0 == true }, marks.count)
  }
}
