-- Asks one body after another and tells at the end what wrk counted, as one line of JSON.
--   wrk ... -s wrk.lua URL -- FILE      FILE has a body on each line.

local requests = {}
local turn = 0

function init(args)
  local headers = { ["Content-Type"] = "application/json" }
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", wrk.path, headers, line)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds": %.6f, "requests": %d, "p50": %.3f, "p90": %.3f, "p99": %.3f, "max": %.3f, ' ..
    '"refused": %d, "broken": %d, "late": %d}\n',
    summary.duration / 1e6, summary.requests, latency:percentile(50) / 1e3,
    latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout))
end
