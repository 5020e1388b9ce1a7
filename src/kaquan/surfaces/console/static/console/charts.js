// Draws the numbers that a page holds as data; without this file there is the table below each.
"use strict";
(() => {
  const library = document.body.dataset.charts;
  const root = document.documentElement;
  const drawn = new Map();
  let loading = null;

  // The library is large: only pages with a chart fetch it.
  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.addEventListener("load", () => resolve(window.echarts));
      script.addEventListener("error", reject);
      document.head.append(script);
    });
    return loading;
  }

  const colour = (name) => window.getComputedStyle(root).getPropertyValue(name).trim();
  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

  // Integer fen as text; nothing is divided that could round.
  function yuan(fen) {
    const digits = String(Math.abs(fen)).padStart(3, "0");
    return `${fen < 0 ? "-" : ""}¥${grouped(digits.slice(0, -2))}.${digits.slice(-2)}`;
  }

  function short(value, unit) {
    const number = unit === "fen" ? Math.trunc(value / 100) : value;
    const sign = unit === "fen" ? "¥" : "";
    if (root.lang.startsWith("zh") && Math.abs(number) >= 10000) {
      return `${sign}${Number((number / 10000).toFixed(1))}万`;
    }
    return sign + grouped(String(number));
  }

  function options(data) {
    const text = colour("--console-muted");
    const line = colour("--console-track");
    const shown = (value) => (data.unit === "fen" ? yuan(value) : grouped(String(value)));
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      animationDuration: 300,
      color: [1, 2, 3, 4, 5].map((number) => colour(`--console-chart-${number}`)),
      textStyle: { fontFamily: window.getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 12, top: 36, bottom: 4, containLabel: true },
      legend: { top: 0, right: 0, itemWidth: 14, textStyle: { color: text } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText", // markup with styles in it would not pass the policy
        confine: true,
        valueFormatter: shown,
      },
      xAxis: {
        type: "category",
        data: data.labels,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: line } },
        axisLabel: { color: text, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        minInterval: 1,
        axisLabel: { color: text, formatter: (value) => short(value, data.unit) },
        splitLine: { lineStyle: { color: line } },
      },
      series: data.series.map((one) => ({
        name: one.title,
        data: one.values,
        type: data.kind === "line" ? "line" : "bar",
        stack: data.kind === "stack" ? "all" : undefined,
        barMaxWidth: 22,
        smooth: false,
        symbolSize: 6,
      })),
    };
  }

  async function draw() {
    for (const [figure, chart] of drawn) {
      if (figure.isConnected) continue;
      chart.dispose();
      drawn.delete(figure);
    }
    const figures = [...document.querySelectorAll("figure[data-chart]")];
    const fresh = figures.filter((one) => !drawn.has(one));
    if (!fresh.length || !library) return;
    let echarts;
    try {
      echarts = await load();
    } catch {
      return; // the tables stay open
    }
    for (const figure of fresh) {
      if (!figure.isConnected || drawn.has(figure)) continue;
      const area = figure.querySelector(".chart-area");
      area.classList.add("drawn");
      const chart = echarts.init(area, null, { renderer: "canvas" });
      chart.setOption(options(JSON.parse(figure.querySelector("script").textContent)));
      drawn.set(figure, chart);
      figure.querySelector("details").open = false;
    }
  }

  function redraw() {
    for (const [figure, chart] of drawn) {
      chart.setOption(options(JSON.parse(figure.querySelector("script").textContent)));
    }
  }

  window.addEventListener("resize", () => {
    for (const chart of drawn.values()) chart.resize();
  });
  new MutationObserver(redraw).observe(root, { attributeFilter: ["data-bs-theme"] });
  document.addEventListener("htmx:after:swap", draw);
  document.addEventListener("kaquan:part", draw);
  draw();
})();
