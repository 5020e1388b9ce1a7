"use strict";

// How the device becomes a terminal, who works at it, and who allows what they may not.
(() => {
  const kq = window.kaquanCounter;
  const { say, place } = kq;

  // Where nobody is logged in any more, or the device is no terminal, whatever was being done ends.
  kq.ends = async (error) => {
    if (!kq.calls.isLost(error)) return false;
    kq.results.close();
    await kq.begin();
    if (error.code === "shift_needed") {
      kq.tell(kq.calls.unanswered().length
        ? say("登录已失效；重新登录后会告诉刚才那笔的结果。", "You were logged out; what became of the last request is told once you log in.")
        : say("登录已失效，刚才没有办成。", "You were logged out; nothing was done just now."));
    }
    return true;
  };

  // Whatever a form is refused is said in it; no answer is told as such.
  function handles(id, work) {
    const form = place(id);
    const fault = form.querySelector(".fault");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const buttons = form.querySelectorAll("button");
      fault.hidden = true;
      for (const button of buttons) button.disabled = true;
      try {
        await work(form);
      } catch (error) {
        if (await kq.ends(error)) return;
        fault.textContent = kq.wordsOf(error);
        fault.hidden = false;
      } finally {
        for (const button of buttons) button.disabled = false;
      }
    });
  }

  kq.wordsOf = (error) => {
    if (error instanceof kq.calls.Refusal) return kq.of(error);
    if (error instanceof kq.calls.NoAnswer) {
      return say("网络不通，请稍后再试。", "There is no answer; try again in a moment.");
    }
    return error.message;
  };

  handles("register", async (form) => {
    let publicKey;
    try {
      publicKey = await kq.device.renew();
    } catch {
      throw new Error(
        say(
          "这个浏览器不能保存设备密钥：请用 https 打开，不要用无痕模式。",
          "This browser cannot keep a key: open the page by https, and not in a private window.",
        ),
      );
    }
    await kq.calls.call("register", { code: place("register-code").value, publicKey });
    form.reset();
    await kq.begin();
  });

  handles("login", async (form) => {
    const secret = place("login-secret");
    try {
      await kq.calls.call("login", { username: place("login-name").value, secret: secret.value });
    } finally {
      secret.value = "";
    }
    form.reset();
    await kq.begin();
  });

  handles("pin", async (form) => {
    const password = place("pin-password").value;
    const pin = place("pin-new").value;
    form.reset();
    await kq.calls.call("pin", { password, pin });
    kq.tell(say("PIN 已保存。", "The PIN was saved."));
  });

  handles("hand-over", async (form) => {
    const counted = place("counted").value.trim();
    const countedFen = counted === "" ? null : kq.fenOf(counted);
    if (counted !== "" && countedFen === null) {
      throw new Error(say("点款金额应为数字，如 120.50。", "The amount is a number such as 120.50."));
    }
    await kq.calls.call("hand-over", { countedFen, note: place("note").value });
    form.reset();
    await kq.begin();
    kq.tell(say("已交班。", "Handed over."));
  });

  place("lock").addEventListener("click", async () => {
    try {
      await kq.calls.call("lock");
    } catch (error) {
      if (error instanceof kq.calls.NoAnswer) {
        kq.tell(say(
          "没有网络时不能锁屏：锁上后要联网才能再登录。",
          "It is not locked without a network: nobody could log in again before it is back.",
        ));
        return;
      }
    }
    await kq.begin();
  });

  place("blocked-again").addEventListener("click", () => kq.begin());

  // Asks for a second person's name and secret; null where they do not want to.
  kq.askSupervisor = (why) =>
    new Promise((resolve) => {
      const dialog = place("supervisor");
      const name = place("supervisor-name");
      const secret = place("supervisor-secret");
      const fault = dialog.querySelector(".fault");
      place("supervisor-why").textContent = why;
      name.value = "";
      secret.value = "";
      fault.hidden = true;
      const submitted = (event) => {
        if (event.submitter?.value !== "yes" || (name.value && secret.value)) return;
        event.preventDefault();
        fault.textContent = say("请填写用户名和密码。", "Give the user name and the password.");
        fault.hidden = false;
      };
      const form = place("supervising");
      form.addEventListener("submit", submitted);
      dialog.addEventListener(
        "close",
        () => {
          form.removeEventListener("submit", submitted);
          const given = dialog.returnValue === "yes";
          resolve(given ? { username: name.value, secret: secret.value } : null);
          secret.value = "";
        },
        { once: true },
      );
      dialog.returnValue = "";
      dialog.showModal();
      name.focus();
    });

  kq.handles = handles;
})();
