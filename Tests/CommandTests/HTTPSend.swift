import Subprocess

/// `mesh.send` through the HTTP api of an engine's node.
func httpSend(_ api: String, _ body: String) async throws -> String {
    let script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], sys.argv[2].encode()).read().decode())"
    return try await Subprocess.run(
        .name("python3"), arguments: ["-c", script, "http://\(api)/v1/mesh/send", body],
        output: .string(limit: 1_000), error: .discarded
    ).standardOutput
}
