-- Sends prepared HTTP requests, one after the other; stops when they are used up.
-- With a second argument, that many a second: a connection that has its answer waits for its turn.
-- The file holds, for each request, its length in bytes, a newline, and the request itself.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long tv_sec; long tv_nsec; } kaquan_timespec;
  int clock_gettime(int clock, kaquan_timespec *time);
]]
local MONOTONIC = 1

local requests, position = {}, 0
local the_thread
began_us, used_up_us = 0, 0  -- globals: done() runs elsewhere and asks the thread for them

local function now_us()
  local time = ffi.new("kaquan_timespec")
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.tv_sec) * 1e6 + tonumber(time.tv_nsec) / 1e3
end

function setup(thread)
  the_thread = thread
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
  file:close()
  local per_second, turn = tonumber(arguments[2]), 0
  if per_second then
    function delay()
      turn = turn + 1
      return math.max(0, (began_us + turn * 1e6 / per_second - now_us()) / 1e3)
    end
  end
end

function request()
  if position == 0 then began_us = now_us() end
  position = position + 1
  if position > #requests then
    if used_up_us == 0 then used_up_us = now_us() end
    wrk.thread:stop()
    return requests[#requests]
  end
  return requests[position]
end

function done(summary, latency, _)
  -- wrk sleeps through its whole time even when it has nothing left to send.
  local taken_us, used_up_us = summary.duration, the_thread:get("used_up_us")
  if used_up_us > 0 then taken_us = used_up_us - the_thread:get("began_us") end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"taken_us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
    '"refused":%d,"broken":%d,"timeouts":%d}\n',
    summary.requests, taken_us, latency:percentile(50), latency:percentile(99),
    latency.max, errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
