-- Order by the server's clock in microseconds, as a hybrid logical clock: never equal to and never below a score that
-- was given before, even when two fall into one microsecond or the clock is set back. (Kulkarni et al., "Logical
-- Physical Clocks", OPODIS 2014.) Microseconds reach 2^53 in the year 2255; from there it goes on counting, as `sequence` does.
local function next_score(count)
  return move_moment(math.max(now_us(), highest_below_limit(count) + count))
end
